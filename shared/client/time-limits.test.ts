import axios, { type AxiosRequestConfig } from 'axios'
import { afterEach, expect, it } from 'vitest'
import { createClient } from './client.ts'

const { adapter } = axios.defaults
afterEach(() => {
  axios.defaults.adapter = adapter
})

it('waits without a limit for what reads a whole volume, and for a minute for all else', async () => {
  const asked: AxiosRequestConfig[] = []
  axios.defaults.adapter = async (config) => {
    asked.push(config)
    return { data: {}, status: 200, statusText: 'OK', headers: {}, config }
  }
  const client = createClient({ url: 'http://127.0.0.1:1', token: 't' })
  await client.volumeFromPath('/data/a.mrc')
  await client.postprocess('id', { threshold: 0.5 })
  await client.job('id')
  expect(asked.map(({ timeout }) => timeout)).toEqual([0, 0, 60_000])
})
