// Built twice: THAW_KERNELS is the name of the table, and the compiler's flags say for which processors.
#include "kernels.h"

#include "depthwise.h"
#include "measure.h"
#include "norm.h"
#include "update.h"

namespace thaw {

extern const Kernels THAW_KERNELS;
const Kernels THAW_KERNELS = {moments,   normalise,      normGradient,    shift,
                              depthwise, depthwiseInput, depthwiseFilter, compare,
                              sgd,       adam,           blend,           fold};

}  // namespace thaw
