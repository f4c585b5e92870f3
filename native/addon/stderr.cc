// capture(path): file descriptor 2 leads into a new file from here on. release(): it leads where it led before.
// POSIX only, as is the rest of the native back end. Node itself has no dup2.
#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <string.h>
#include <unistd.h>

#include <string>

namespace {

int before = -1;

napi_value Fail(napi_env env, const char* what) {
  napi_throw_error(env, nullptr, (std::string(what) + ": " + strerror(errno)).c_str());
  return nullptr;
}

napi_value Capture(napi_env env, napi_callback_info info) {
  size_t count = 1, length = 0;
  napi_value path;
  char name[4096];
  if (napi_get_cb_info(env, info, &count, &path, nullptr, nullptr) != napi_ok || count < 1 ||
      napi_get_value_string_utf8(env, path, name, sizeof name, &length) != napi_ok) {
    napi_throw_type_error(env, nullptr, "capture(path)");
    return nullptr;
  }
  if (before >= 0) {
    napi_throw_error(env, nullptr, "stderr is captured already");
    return nullptr;
  }
  const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Fail(env, name);
  before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  if (before < 0 || dup2(file, STDERR_FILENO) < 0) {
    close(file);
    return Fail(env, "stderr");
  }
  close(file);
  return nullptr;
}

napi_value Release(napi_env env, napi_callback_info) {
  if (before < 0) return nullptr;
  const int back = dup2(before, STDERR_FILENO);
  close(before);
  before = -1;
  return back < 0 ? Fail(env, "stderr") : nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"capture", nullptr, Capture, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"release", nullptr, Release, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 2, functions);
  return exports;
}
