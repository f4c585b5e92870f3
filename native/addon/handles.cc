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
