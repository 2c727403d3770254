import path from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'electron-vite'
import { niivuePatch } from './build/vite/niivue-patch.ts'

const root = import.meta.dirname
const desktop = path.join(root, 'desktop')

export default defineConfig({
  main: {
    build: {
      outDir: path.join(root, 'out/main'),
      sourcemap: true,
      rollupOptions: {
        input: {
          index: path.join(desktop, 'main/index.ts'),
          'volume-service': path.join(desktop, 'main/volume-service/index.ts'),
          'mask-service': path.join(desktop, 'main/mask-service/index.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      outDir: path.join(root, 'out/preload'),
      // A sandboxed preload script is one CommonJS file with everything inside.
      externalizeDeps: false,
      rollupOptions: {
        input: { index: path.join(desktop, 'preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: path.join(desktop, 'renderer'),
    plugins: [react(), niivuePatch()],
    worker: { format: 'es' },
    build: {
      outDir: path.join(root, 'out/renderer'),
      minify: true,
      chunkSizeWarningLimit: 2000,
      rollupOptions: { input: { index: path.join(desktop, 'renderer/index.html') } },
    },
  },
})
