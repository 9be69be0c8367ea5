/** Sent to the window when somebody has chosen another page, with its address (instrumentation-client.ts). */
export const transitionEvent = 'warroom:transition'
