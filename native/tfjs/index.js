// The union package would register its own gradients and chained methods over ours; this one is tfjs-core alone.
module.exports = require('@tensorflow/tfjs-core')
