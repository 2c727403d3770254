/** The window's end of a port to a process that reads files. What is asked before the port is there goes out with it. */
export class ServicePort<Request, Message> {
  private readonly onMessage: (message: Message) => void
  private port: MessagePort | null = null
  private readonly waiting: Request[] = []

  constructor(onMessage: (message: Message) => void) {
    this.onMessage = onMessage
  }

  /** A port came, the first one or that of a process started again. */
  came(port: MessagePort): void {
    this.port?.close()
    this.port = port
    port.onmessage = ({ data }: MessageEvent<Message>) => this.onMessage(data)
    for (const request of this.waiting.splice(0)) port.postMessage(request)
  }

  send(request: Request): void {
    if (this.port) this.port.postMessage(request)
    else this.waiting.push(request)
  }

  /** What was asked and not sent is forgotten. */
  close(): void {
    this.port?.close()
    this.port = null
    this.waiting.length = 0
  }
}
