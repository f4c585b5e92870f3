export function bundle(options?: { quiet?: boolean }): Promise<void>
