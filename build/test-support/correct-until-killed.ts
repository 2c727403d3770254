import { KeptMasks } from '../../desktop/main/mask-service/kept-masks.ts'
import { MaskSession } from '../../desktop/main/mask-service/mask-session.ts'
import { dotNumber } from './dot-number.ts'

// A program of its own: corrects a mask until it is killed, and says each change once it was answered.
const [folder, volumeFile, maskFile, longestBytes] = process.argv.slice(2)
const kept = new KeptMasks(folder, Number(longestBytes))
const volume = { volume_ref: 'v', name: 'volume.mrc', file: volumeFile, mode0: null }
const session = (await kept.read('m'))
  ? await MaskSession.recover(kept, 'm', volume)
  : await MaskSession.begin(kept, 'm', volume, {
      ...{ kind: 'file', name: 'mask.mrc', file: maskFile, mode0: null },
      labels: [],
    })
for (let i = session.view().num_operations; ; i++) {
  await session.apply(dotNumber(i), () => undefined)
  process.stdout.write(`${session.view().num_operations} ${await kept.newestSnapshot('m')}\n`)
}
