import { DRAG_MODE, type Niivue } from '@niivue/niivue'

/** NiiVue without its own keys, words and rulers: those are ours, and claim nothing that a file does not say. */
export const NIIVUE_OPTIONS: ConstructorParameters<typeof Niivue>[0] = {
  backColor: [0.055, 0.06, 0.07, 1],
  crosshairColor: [0.36, 0.72, 0.98, 0.55],
  crosshairWidthUnit: 'mm',
  show3Dcrosshair: false,
  isOrientationTextVisible: false,
  isOrientCube: false,
  isRuler: false,
  isColorbar: false,
  isRadiologicalConvention: false,
  dragAndDropEnabled: false,
  viewModeHotKey: '',
  clipPlaneHotKey: '',
  cycleClipPlaneHotKey: '',
  dragMode: DRAG_MODE.pan,
  loadingText: '',
  logLevel: 'error',
}
