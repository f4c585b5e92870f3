#include "handles.h"

#include <cstring>
#include <stdexcept>
#include <unordered_map>

#include "tensorflow/c/eager/c_api_experimental.h"
#include "tensorflow/c/tf_tensor.h"

namespace thaw {

void Status::check() {
  if (TF_GetCode(status_) != TF_OK) throw std::runtime_error(TF_Message(status_));
}

namespace {

/** Never destroyed: TensorFlow's threads outlive JavaScript at the end of a process. */
struct World {
  TFE_Context* context = nullptr;
  std::string device;
  bool gpu = false;
  std::unordered_map<int32_t, TFE_TensorHandle*> handles;
  int32_t next = 0;

  World() {
    Status status;
    TFE_ContextOptions* options = TFE_NewContextOptions();
    context = TFE_NewContext(options, status);
    TFE_DeleteContextOptions(options);
    status.check();
    TF_DeviceList* devices = TFE_ContextListDevices(context, status);
    status.check();
    for (int i = 0; i < TF_DeviceListCount(devices); i++) {
      const bool isGpu = std::strcmp(TF_DeviceListType(devices, i, status), "GPU") == 0;
      const bool isCpu = std::strcmp(TF_DeviceListType(devices, i, status), "CPU") == 0;
      if (gpu ? false : isGpu || (isCpu && device.empty())) {
        device = TF_DeviceListName(devices, i, status);
        gpu = isGpu;
      }
    }
    TF_DeleteDeviceList(devices);
  }
};

World& world() {
  static World* one = new World();
  return *one;
}

}  // namespace

TFE_Context* Context() { return world().context; }
bool OnGpu() { return world().gpu; }
const std::string& Device() { return world().device; }

int32_t Insert(TFE_TensorHandle* handle) {
  World& w = world();
  w.handles.emplace(w.next, handle);
  return w.next++;
}

TFE_TensorHandle* Find(int32_t id) {
  const auto found = world().handles.find(id);
  if (found == world().handles.end())
    throw std::runtime_error("no tensor has the number " + std::to_string(id));
  return found->second;
}

void Remove(int32_t id) {
  TFE_DeleteTensorHandle(Find(id));
  world().handles.erase(id);
}

int64_t Count() { return static_cast<int64_t>(world().handles.size()); }

float* Values(int32_t id) {
  TFE_TensorHandle* handle = Find(id);
  if (TFE_TensorHandleDataType(handle) != TF_FLOAT) throw std::runtime_error("the tensor is not float32");
  Status status;
  void* values = TFE_TensorHandleDevicePointer(handle, status);
  status.check();
  return static_cast<float*>(values);
}

int32_t Share(int32_t id) {
  Status status;
  TFE_TensorHandle* handle = TFE_TensorHandleCopySharingTensor(Find(id), status);
  status.check();
  return Insert(handle);
}

float* OwnValues(int32_t id) {
  Values(id);
  Status status;
  TF_Tensor* tensor = TFE_TensorHandleResolve(Find(id), status);
  status.check();
  // without its handle the tensor can be moved exactly if nobody else holds its memory
  TFE_DeleteTensorHandle(world().handles[id]);
  TF_Tensor* own = TF_TensorMaybeMove(tensor);
  if (!own) {
    std::vector<int64_t> shape(TF_NumDims(tensor));
    for (size_t i = 0; i < shape.size(); i++) shape[i] = TF_Dim(tensor, static_cast<int>(i));
    const size_t bytes = TF_TensorByteSize(tensor);
    own = TF_AllocateTensor(TF_FLOAT, shape.data(), static_cast<int>(shape.size()), bytes);
    if (own && bytes > 0) std::memcpy(TF_TensorData(own), TF_TensorData(tensor), bytes);
    TF_DeleteTensor(tensor);
  }
  TFE_TensorHandle* handle = own ? TFE_NewTensorHandle(own, status) : nullptr;
  float* values = own ? static_cast<float*>(TF_TensorData(own)) : nullptr;
  if (own) TF_DeleteTensor(own);
  if (!handle) world().handles.erase(id);
  else world().handles[id] = handle;
  if (!values && Size(id) > 0) throw std::runtime_error("there is not enough memory for a tensor");
  return values;
}

int64_t Size(int32_t id) {
  Status status;
  const int64_t size = TFE_TensorHandleNumElements(Find(id), status);
  status.check();
  return size;
}

Made MakeTensor(const std::vector<int64_t>& shape) {
  int64_t size = 1;
  for (const int64_t length : shape) size *= length;
  TF_Tensor* tensor =
      TF_AllocateTensor(TF_FLOAT, shape.data(), static_cast<int>(shape.size()), size * sizeof(float));
  if (!tensor) throw std::runtime_error("there is not enough memory for a tensor");
  float* values = static_cast<float*>(TF_TensorData(tensor));
  Status status;
  // the handle shares the tensor's memory
  TFE_TensorHandle* handle = TFE_NewTensorHandle(tensor, status);
  TF_DeleteTensor(tensor);
  status.check();
  return {Insert(handle), values};
}

}  // namespace thaw
