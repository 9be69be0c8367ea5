// One hub a process: route bundles each have their own module instances, the process has one globalThis.
export const hubKey = Symbol.for('castmatch.live-hub')
