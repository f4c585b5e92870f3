// The kernels as functions for JavaScript.
#pragma once
#include <functional>

#include "napi.h"

namespace thaw {

void AddCalls(const std::function<void(const char* name, napi_callback call)>& function);

}  // namespace thaw
