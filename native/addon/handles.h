// TensorFlow's eager context and the tensors that JavaScript knows by number. One of each per process.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tensorflow/c/eager/c_api.h"

namespace thaw {

/** A TF_Status that throws what it was told. */
class Status {
 public:
  Status() : status_(TF_NewStatus()) {}
  ~Status() { TF_DeleteStatus(status_); }
  Status(const Status&) = delete;
  operator TF_Status*() { return status_; }
  /** @throws std::runtime_error with TensorFlow's message */
  void check();

 private:
  TF_Status* status_;
};

TFE_Context* Context();
bool OnGpu();
/** Name of the device that ops run on. */
const std::string& Device();

int32_t Insert(TFE_TensorHandle* handle);
/** @throws std::runtime_error for a number that is not known */
TFE_TensorHandle* Find(int32_t id);
void Remove(int32_t id);
int64_t Count();

/** Values of a float32 tensor in the processor's memory, where they lie. */
float* Values(int32_t id);
/** How many there are. */
int64_t Size(int32_t id);

/** Another number for the same values: a later update of either goes to a copy. */
int32_t Share(int32_t id);
/** Values that no other tensor shares, for an update where they lie: copied first where one does. */
float* OwnValues(int32_t id);

struct Made {
  int32_t id;
  float* values;
};
/** A new float32 tensor whose values are not set yet. */
Made MakeTensor(const std::vector<int64_t>& shape);

}  // namespace thaw
