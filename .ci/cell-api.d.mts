export function cellApiModule(source: string): string
