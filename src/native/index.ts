export { listNative, removeNative, type Listed } from './cache'
export { examineNative, type NativeCheck } from './doctor'
export { installNative, type Installed, type InstallOptions, type Report } from './install'
