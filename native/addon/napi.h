// Small helpers over Node's C API: arguments in, results out, C++ errors as JavaScript's.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace thaw {

inline void Check(napi_status status, const char* what) {
  if (status != napi_ok) throw std::runtime_error(what);
}

inline double Number(napi_env env, napi_value value) {
  double number = 0;
  Check(napi_get_value_double(env, value, &number), "a number was expected");
  return number;
}

inline int32_t Int(napi_env env, napi_value value) {
  int32_t number = 0;
  Check(napi_get_value_int32(env, value, &number), "a whole number was expected");
  return number;
}

inline bool Flag(napi_env env, napi_value value) {
  bool flag = false;
  Check(napi_get_value_bool(env, value, &flag), "true or false was expected");
  return flag;
}

inline std::string Text(napi_env env, napi_value value) {
  size_t length = 0;
  Check(napi_get_value_string_utf8(env, value, nullptr, 0, &length), "a text was expected");
  std::string text(length, '\0');
  Check(napi_get_value_string_utf8(env, value, &text[0], length + 1, &length), "a text was expected");
  return text;
}

inline napi_value Property(napi_env env, napi_value object, const char* name) {
  napi_value value;
  Check(napi_get_named_property(env, object, name, &value), name);
  return value;
}

inline bool IsArray(napi_env env, napi_value value) {
  bool is = false;
  Check(napi_is_array(env, value, &is), "a value was expected");
  return is;
}

/** Each element of an array, converted. */
template <class Convert>
auto List(napi_env env, napi_value array, Convert convert) {
  uint32_t length = 0;
  Check(napi_get_array_length(env, array, &length), "an array was expected");
  std::vector<decltype(convert(env, array))> list;
  list.reserve(length);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    Check(napi_get_element(env, array, i, &element), "an array was expected");
    list.push_back(convert(env, element));
  }
  return list;
}

inline std::vector<int32_t> Ints(napi_env env, napi_value array) { return List(env, array, Int); }
inline std::vector<double> Numbers(napi_env env, napi_value array) { return List(env, array, Number); }

inline napi_value From(napi_env env, int64_t number) {
  napi_value value;
  Check(napi_create_int64(env, number, &value), "no number could be made");
  return value;
}

template <class Values>
napi_value ArrayFrom(napi_env env, const Values& values) {
  napi_value array;
  Check(napi_create_array_with_length(env, values.size(), &array), "no array could be made");
  uint32_t i = 0;
  for (const auto& value : values) Check(napi_set_element(env, array, i++, From(env, value)), "an array");
  return array;
}

/** The arguments of a call; those left out are undefined. */
struct Arguments {
  static constexpr size_t most = 12;
  napi_env env;
  napi_value at[most];
  Arguments(napi_env env, napi_callback_info info) : env(env) {
    size_t count = most;
    Check(napi_get_cb_info(env, info, &count, at, nullptr, nullptr), "no arguments");
  }
  napi_value operator[](size_t i) const { return at[i]; }
  int32_t number(size_t i) const { return Int(env, at[i]); }
};

/** A function for JavaScript whose C++ exceptions become JavaScript's errors. */
template <napi_value (*F)(const Arguments&)>
napi_value Guarded(napi_env env, napi_callback_info info) {
  try {
    return F(Arguments(env, info));
  } catch (const std::exception& error) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_error(env, nullptr, error.what());
    return nullptr;
  }
}

}  // namespace thaw
