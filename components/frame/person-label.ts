export interface Viewer {
  name: string
  role: string
}

export const personLabel = (viewer: Viewer) => `${viewer.name}, ${viewer.role}`
