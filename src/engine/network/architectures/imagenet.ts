/** Mean and deviation of ImageNet's channels on pixels 0 to 255, as torchvision's weights expect. */
export const IMAGENET_MEAN = [0.485 * 255, 0.456 * 255, 0.406 * 255] as const
export const IMAGENET_STD = [0.229 * 255, 0.224 * 255, 0.225 * 255] as const
