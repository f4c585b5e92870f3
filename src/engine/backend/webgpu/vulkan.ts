import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** Chromium's software rasteriser: a Vulkan driver that runs on the processor. */
export const rasteriser = 'swiftshader'

const driver = 'vk_swiftshader_icd.json'
const loader = 'libvulkan.so.1'

/**
 * Folder with SwiftShader's driver: it comes with every Chromium, and so with Chrome, Electron and Visual Studio Code.
 */
export function rasteriserFolder(): string | undefined {
  return candidates().find((folder) => existsSync(join(folder, driver)))
}

function candidates(): string[] {
  const commands = ['chromium', 'chromium-browser', 'google-chrome', 'code', 'codium']
  const installed = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => commands.map((command) => join(folder, command)))
    .filter((path) => existsSync(path))
    .map((path) => dirname(realpathSync(path)))
  const cache = join(homedir(), '.cache/ms-playwright')
  const playwright = existsSync(cache)
    ? readdirSync(cache).map((browser) => join(cache, browser, 'chrome-linux'))
    : []
  return [
    dirname(process.execPath),
    ...installed,
    ...installed.map((folder) => dirname(folder)),
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/usr/lib64/chromium-browser',
    '/opt/google/chrome',
    '/usr/share/code',
    ...playwright,
  ]
}

/** Tells Vulkan's loader to look at SwiftShader alone. */
export function useRasteriser(folder: string): void {
  process.env['VK_ICD_FILENAMES'] = join(folder, driver)
  process.env['VK_DRIVER_FILES'] = join(folder, driver)
}

/** Whether a driver is registered on Linux; without one Dawn can only warn, on stderr. */
export function hasDriver(): boolean {
  if (process.platform !== 'linux') return true
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES, VK_ADD_DRIVER_FILES, XDG_CONFIG_DIRS, XDG_DATA_DIRS } =
    process.env
  if (VK_ICD_FILENAMES || VK_DRIVER_FILES || VK_ADD_DRIVER_FILES) return true
  const lists = [XDG_CONFIG_DIRS || '/etc/xdg', '/etc', XDG_DATA_DIRS || '/usr/local/share:/usr/share']
  return [...lists.flatMap((list) => list.split(delimiter)), join(homedir(), '.local/share')]
    .map((folder) => join(folder, 'vulkan/icd.d'))
    .some((folder) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.json')))
}

/**
 * Makes Vulkan's loader known to the process on Linux; false where there is none. Dawn asks for it by its bare name,
 * which finds what is loaded already, and would else write a warning to stderr. Chromium brings the loader too.
 */
export function loadVulkan(): boolean {
  if (process.platform !== 'linux') return true
  const browser = rasteriserFolder()
  return [loader, ...(browser ? [join(browser, loader)] : [])].some(isLoaded)
}

const now = 0x2
const global = 0x100
const noDelete = 0x1000

/** It is no addon of Node's, so the call always throws; what it says tells whether the library was there. */
function isLoaded(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library, now | global | noDelete)
    return true
  } catch (error) {
    return String(error).includes('did not self-register')
  }
}
