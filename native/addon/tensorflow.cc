// The addon between Node and TensorFlow's C API. To tfjs-node's JavaScript it looks like that package's own addon, as
// far as training needs it; beyond that it takes lists of texts as attributes and has kernels of its own (kernels.h).
#include <algorithm>
#include <cstring>
#include <memory>

#include "calls.h"
#include "handles.h"
#include "napi.h"
#include "tensorflow/c/c_api.h"
#include "tensorflow/c/tf_attrtype.h"
#include "tensorflow/c/tf_tensor.h"

namespace thaw {
namespace {

size_t Width(TF_DataType type) {
  switch (type) {
    case TF_FLOAT:
    case TF_INT32:
      return 4;
    case TF_BOOL:
    case TF_UINT8:
      return 1;
    default:
      throw std::runtime_error("JavaScript has no values of TensorFlow's type " + std::to_string(type));
  }
}

/** createTensor(shape, type, values): the values are copied. */
napi_value CreateTensor(const Arguments& a) {
  const std::vector<int64_t> shape =
      List(a.env, a[0], [](napi_env env, napi_value v) { return static_cast<int64_t>(Number(env, v)); });
  const TF_DataType type = static_cast<TF_DataType>(a.number(1));
  napi_typedarray_type kind;
  size_t length;
  void* values;
  Check(napi_get_typedarray_info(a.env, a[2], &kind, &length, &values, nullptr, nullptr),
        "a typed array was expected");
  const size_t bytes = length * Width(type);
  int64_t size = 1;
  for (const int64_t one : shape) size *= one;
  const napi_typedarray_type wanted =
      type == TF_FLOAT ? napi_float32_array : type == TF_INT32 ? napi_int32_array : napi_uint8_array;
  if (kind != wanted || size != static_cast<int64_t>(length))
    throw std::runtime_error("the values are of another type or number than the tensor's shape wants");
  TF_Tensor* tensor = TF_AllocateTensor(type, shape.data(), static_cast<int>(shape.size()), bytes);
  if (!tensor) throw std::runtime_error("there is not enough memory for a tensor");
  if (bytes > 0) std::memcpy(TF_TensorData(tensor), values, bytes);
  Status status;
  TFE_TensorHandle* handle = TFE_NewTensorHandle(tensor, status);
  TF_DeleteTensor(tensor);
  status.check();
  // kernels on a GPU want whole numbers, which are shapes mostly, in the host's memory
  if (OnGpu() && type != TF_INT32) {
    TFE_TensorHandle* there = TFE_TensorHandleCopyToDevice(handle, Context(), Device().c_str(), status);
    TFE_DeleteTensorHandle(handle);
    status.check();
    handle = there;
  }
  return From(a.env, Insert(handle));
}

napi_value DeleteTensor(const Arguments& a) {
  Remove(a.number(0));
  return nullptr;
}

napi_value DeleteTensors(const Arguments& a) {
  for (const int32_t id : Ints(a.env, a[0])) Remove(id);
  return nullptr;
}

napi_value TensorDataSync(const Arguments& a) {
  Status status;
  TF_Tensor* tensor = TFE_TensorHandleResolve(Find(a.number(0)), status);
  status.check();
  const std::unique_ptr<TF_Tensor, decltype(&TF_DeleteTensor)> owner(tensor, TF_DeleteTensor);
  const TF_DataType type = TF_TensorType(tensor);
  const size_t width = Width(type), bytes = TF_TensorByteSize(tensor);
  void* to;
  napi_value buffer, values;
  Check(napi_create_arraybuffer(a.env, bytes, &to, &buffer), "there is not enough memory for the values");
  if (bytes > 0) std::memcpy(to, TF_TensorData(tensor), bytes);
  const napi_typedarray_type kind =
      type == TF_FLOAT ? napi_float32_array : type == TF_INT32 ? napi_int32_array : napi_uint8_array;
  Check(napi_create_typedarray(a.env, kind, bytes / width, buffer, 0, &values), "no array could be made");
  return values;
}

void SetAttribute(napi_env env, TFE_Op* op, napi_value attribute) {
  const std::string name = Text(env, Property(env, attribute, "name"));
  const napi_value value = Property(env, attribute, "value");
  const char* key = name.c_str();
  switch (static_cast<TF_AttrType>(Int(env, Property(env, attribute, "type")))) {
    case TF_ATTR_STRING: {
      if (IsArray(env, value)) {
        const std::vector<std::string> texts = List(env, value, Text);
        std::vector<const void*> starts;
        std::vector<size_t> lengths;
        for (const std::string& text : texts) {
          starts.push_back(text.data());
          lengths.push_back(text.size());
        }
        TFE_OpSetAttrStringList(op, key, starts.data(), lengths.data(), static_cast<int>(texts.size()));
        return;
      }
      const std::string text = Text(env, value);
      return TFE_OpSetAttrString(op, key, text.data(), text.size());
    }
    case TF_ATTR_INT: {
      if (!IsArray(env, value)) return TFE_OpSetAttrInt(op, key, static_cast<int64_t>(Number(env, value)));
      const std::vector<double> numbers = Numbers(env, value);
      const std::vector<int64_t> whole(numbers.begin(), numbers.end());
      return TFE_OpSetAttrIntList(op, key, whole.data(), static_cast<int>(whole.size()));
    }
    case TF_ATTR_FLOAT: {
      if (!IsArray(env, value)) return TFE_OpSetAttrFloat(op, key, static_cast<float>(Number(env, value)));
      const std::vector<double> numbers = Numbers(env, value);
      const std::vector<float> floats(numbers.begin(), numbers.end());
      return TFE_OpSetAttrFloatList(op, key, floats.data(), static_cast<int>(floats.size()));
    }
    case TF_ATTR_BOOL:
      return TFE_OpSetAttrBool(op, key, Flag(env, value));
    case TF_ATTR_TYPE: {
      if (!IsArray(env, value)) return TFE_OpSetAttrType(op, key, static_cast<TF_DataType>(Int(env, value)));
      const std::vector<int32_t> numbers = Ints(env, value);
      std::vector<TF_DataType> types;
      for (const int32_t one : numbers) types.push_back(static_cast<TF_DataType>(one));
      return TFE_OpSetAttrTypeList(op, key, types.data(), static_cast<int>(types.size()));
    }
    case TF_ATTR_SHAPE: {
      const std::vector<double> numbers = Numbers(env, value);
      const std::vector<int64_t> shape(numbers.begin(), numbers.end());
      Status status;
      TFE_OpSetAttrShape(op, key, shape.data(), static_cast<int>(shape.size()), status);
      return status.check();
    }
    default:
      throw std::runtime_error("attribute " + name + " is of a type that is not known");
  }
}

/** { id, shape, dtype } as tfjs-node reads it. */
napi_value Describe(napi_env env, TFE_TensorHandle* handle) {
  napi_value made;
  Check(napi_create_object(env, &made), "no object could be made");
  Status status;
  const int axes = TFE_TensorHandleNumDims(handle, status);
  status.check();
  std::vector<int64_t> shape;
  for (int i = 0; i < axes; i++) shape.push_back(TFE_TensorHandleDim(handle, i, status));
  const auto set = [&](const char* name, napi_value value) {
    Check(napi_set_named_property(env, made, name, value), name);
  };
  set("id", From(env, Insert(handle)));
  set("shape", ArrayFrom(env, shape));
  set("dtype", From(env, TFE_TensorHandleDataType(handle)));
  return made;
}

/** executeOp(name, attributes, inputs, how many outputs). */
napi_value ExecuteOp(const Arguments& a) {
  const std::string name = Text(a.env, a[0]);
  Status status;
  const std::unique_ptr<TFE_Op, decltype(&TFE_DeleteOp)> op(TFE_NewOp(Context(), name.c_str(), status),
                                                            TFE_DeleteOp);
  status.check();
  for (const int32_t id : Ints(a.env, a[2])) {
    TFE_OpAddInput(op.get(), Find(id), status);
    status.check();
  }
  uint32_t count = 0;
  Check(napi_get_array_length(a.env, a[1], &count), "attributes are an array");
  for (uint32_t i = 0; i < count; i++) {
    napi_value attribute;
    Check(napi_get_element(a.env, a[1], i, &attribute), "attributes are an array");
    SetAttribute(a.env, op.get(), attribute);
  }
  std::vector<TFE_TensorHandle*> outputs(a.number(3), nullptr);
  int made = static_cast<int>(outputs.size());
  TFE_Execute(op.get(), outputs.data(), &made, status);
  status.check();
  napi_value array;
  Check(napi_create_array_with_length(a.env, made, &array), "no array could be made");
  for (int i = 0; i < made; i++) Check(napi_set_element(a.env, array, i, Describe(a.env, outputs[i])), name.c_str());
  return array;
}

napi_value IsUsingGpuDevice(const Arguments& a) {
  napi_value value;
  Check(napi_get_boolean(a.env, OnGpu(), &value), "no value could be made");
  return value;
}

napi_value GetNumOfTensors(const Arguments& a) { return From(a.env, Count()); }

napi_value Init(napi_env env, napi_value exports) {
  const auto function = [&](const char* name, napi_callback call) {
    napi_value value;
    Check(napi_create_function(env, name, NAPI_AUTO_LENGTH, call, nullptr, &value), name);
    Check(napi_set_named_property(env, exports, name, value), name);
  };
  function("createTensor", Guarded<CreateTensor>);
  function("deleteTensor", Guarded<DeleteTensor>);
  function("deleteTensors", Guarded<DeleteTensors>);
  function("tensorDataSync", Guarded<TensorDataSync>);
  function("executeOp", Guarded<ExecuteOp>);
  function("isUsingGpuDevice", Guarded<IsUsingGpuDevice>);
  function("getNumOfTensors", Guarded<GetNumOfTensors>);
  AddCalls(function);
  const std::pair<const char*, int64_t> constants[] = {
      {"TF_FLOAT", TF_FLOAT},           {"TF_INT32", TF_INT32},         {"TF_INT64", TF_INT64},
      {"TF_BOOL", TF_BOOL},             {"TF_UINT8", TF_UINT8},         {"TF_STRING", TF_STRING},
      {"TF_COMPLEX64", TF_COMPLEX64},   {"TF_RESOURCE", TF_RESOURCE},   {"TF_ATTR_STRING", TF_ATTR_STRING},
      {"TF_ATTR_INT", TF_ATTR_INT},     {"TF_ATTR_FLOAT", TF_ATTR_FLOAT}, {"TF_ATTR_BOOL", TF_ATTR_BOOL},
      {"TF_ATTR_TYPE", TF_ATTR_TYPE},   {"TF_ATTR_SHAPE", TF_ATTR_SHAPE},
  };
  for (const auto& [name, number] : constants)
    Check(napi_set_named_property(env, exports, name, From(env, number)), name);
  napi_value version;
  Check(napi_create_string_utf8(env, TF_Version(), NAPI_AUTO_LENGTH, &version), "version");
  Check(napi_set_named_property(env, exports, "TF_Version", version), "TF_Version");
  return exports;
}

}  // namespace
}  // namespace thaw

NAPI_MODULE_INIT() {
  try {
    return thaw::Init(env, exports);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}
