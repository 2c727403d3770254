import { Component, type ErrorInfo, type ReactNode } from 'react'

/** Instead of a white window: what happened, and a way on. The open run goes on in the main process. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError() {
    return { hasFailed: true }
  }

  override componentDidCatch(error: Error, info: ErrorInfo) {
    console.error(error, info.componentStack)
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children
    return (
      <div className="empty" role="alert">
        <h2>Something went wrong in this window</h2>
        <p>Your files are untouched. Load the window again to go on.</p>
        <button type="button" className="primary" onClick={() => window.location.reload()}>
          Load again
        </button>
      </div>
    )
  }
}
