#include "calls.h"

#include "handles.h"
#include "kernels.h"
#include "tensorflow/c/eager/c_api.h"

namespace thaw {

extern const Kernels kernels_plain;
#ifdef THAW_AVX2
extern const Kernels kernels_avx2;
#endif

const Kernels& kernels() {
#ifdef THAW_AVX2
  static const bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return wide ? kernels_avx2 : kernels_plain;
#else
  return kernels_plain;
#endif
}

namespace {

std::vector<int64_t> Shape(int32_t id) {
  Status status;
  TFE_TensorHandle* handle = Find(id);
  std::vector<int64_t> shape(TFE_TensorHandleNumDims(handle, status));
  for (size_t i = 0; i < shape.size(); i++) shape[i] = TFE_TensorHandleDim(handle, static_cast<int>(i), status);
  status.check();
  return shape;
}

void Want(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

/** x [..., c] and vectors [c]. */
struct Rows {
  std::vector<int64_t> shape;
  int64_t rows, c;
  explicit Rows(int32_t id) : shape(Shape(id)) {
    Want(!shape.empty() && shape.back() > 0, "a tensor with channels was expected");
    c = shape.back();
    rows = Size(id) / c;
  }
  const float* vector(int32_t id) const {
    Want(Size(id) == c, "a vector has another length than there are channels");
    return Values(id);
  }
};

/** normTrain(x, gamma, beta, epsilon, follow): [y, mean, variance]. */
napi_value NormTrain(const Arguments& a) {
  const int32_t x = a.number(0);
  const Rows of(x);
  const float *gamma = of.vector(a.number(1)), *beta = of.vector(a.number(2));
  const Made y = MakeTensor(of.shape), mean = MakeTensor({of.c}), variance = MakeTensor({of.c});
  kernels().moments(Values(x), of.rows, of.c, mean.values, variance.values);
  kernels().normalise(Values(x), of.rows, of.c, gamma, beta, mean.values, variance.values,
                      static_cast<float>(Number(a.env, a[3])), static_cast<Follow>(a.number(4)), y.values);
  return ArrayFrom(a.env, std::vector<int32_t>{y.id, mean.id, variance.id});
}

/** normEval(x, gamma, beta, mean, variance, epsilon, follow): y. */
napi_value NormEval(const Arguments& a) {
  const int32_t x = a.number(0);
  const Rows of(x);
  const Made y = MakeTensor(of.shape);
  kernels().normalise(Values(x), of.rows, of.c, of.vector(a.number(1)), of.vector(a.number(2)),
                      of.vector(a.number(3)), of.vector(a.number(4)), static_cast<float>(Number(a.env, a[5])),
                      static_cast<Follow>(a.number(6)), y.values);
  return From(a.env, y.id);
}

/** normGradient(x, dy, gamma, beta, mean, variance, epsilon, follow, training, by x, by vectors): [dx, dGamma, dBeta], -1 for what is not wanted. */
napi_value NormGradient(const Arguments& a) {
  const int32_t x = a.number(0), dy = a.number(1);
  const Rows of(x);
  Want(Size(dy) == Size(x), "x and dy differ in size");
  const float *gamma = of.vector(a.number(2)), *beta = of.vector(a.number(3)), *mean = of.vector(a.number(4)),
              *variance = of.vector(a.number(5));
  const Made none{-1, nullptr};
  const bool vectors = Flag(a.env, a[10]);
  const Made dx = Flag(a.env, a[9]) ? MakeTensor(of.shape) : none;
  const Made dGamma = vectors ? MakeTensor({of.c}) : none, dBeta = vectors ? MakeTensor({of.c}) : none;
  kernels().normGradient(Values(x), Values(dy), of.rows, of.c, gamma, beta, mean, variance,
                         static_cast<float>(Number(a.env, a[6])), static_cast<Follow>(a.number(7)),
                         Flag(a.env, a[8]), dx.values, dGamma.values, dBeta.values);
  return ArrayFrom(a.env, std::vector<int32_t>{dx.id, dGamma.id, dBeta.id});
}

/** shiftInPlace(x, bias or -1, follow): x must be the caller's alone. */
napi_value ShiftInPlace(const Arguments& a) {
  const int32_t x = a.number(0), bias = a.number(1);
  const Rows of(x);
  kernels().shift(Values(x), of.rows, of.c, bias < 0 ? nullptr : of.vector(bias),
                  static_cast<Follow>(a.number(2)), Values(x));
  return nullptr;
}

/** x [n, h, w, c], k [kh, kw, c, 1]; `more`: strides, top and left padding, dilations, height and width of the output. */
Window WindowOf(const std::vector<int64_t>& x, const std::vector<int64_t>& k, const std::vector<int32_t>& more) {
  Want(x.size() == 4 && k.size() >= 3 && more.size() == 8 && k[2] == x[3], "not a depthwise convolution");
  return {x[0], x[1], x[2], x[3], k[0], k[1], more[6], more[7], more[0], more[1], more[2], more[3], more[4], more[5]};
}

/** depthwise(x, k, window, bias or -1, follow): y. */
napi_value Depthwise(const Arguments& a) {
  const int32_t x = a.number(0), k = a.number(1), bias = a.number(3);
  const Window w = WindowOf(Shape(x), Shape(k), Ints(a.env, a[2]));
  Want(Size(k) == w.kh * w.kw * w.c && (bias < 0 || Size(bias) == w.c), "kernel or bias do not fit");
  const Made y = MakeTensor({w.n, w.oh, w.ow, w.c});
  kernels().depthwise(w, Values(x), Values(k), bias < 0 ? nullptr : Values(bias), static_cast<Follow>(a.number(4)),
                      y.values);
  return From(a.env, y.id);
}

std::vector<int64_t> Lengths(const Arguments& a, size_t i) {
  const std::vector<int32_t> numbers = Ints(a.env, a[i]);
  return {numbers.begin(), numbers.end()};
}

/** depthwiseInput(dy, k, window, shape of x): dx. */
napi_value DepthwiseInput(const Arguments& a) {
  const int32_t dy = a.number(0), k = a.number(1);
  const std::vector<int64_t> shape = Lengths(a, 3);
  const Window w = WindowOf(shape, Shape(k), Ints(a.env, a[2]));
  Want(Size(k) == w.kh * w.kw * w.c && Size(dy) == w.n * w.oh * w.ow * w.c, "kernel or dy do not fit");
  const Made dx = MakeTensor(shape);
  kernels().depthwiseInput(w, Values(dy), Values(k), dx.values);
  return From(a.env, dx.id);
}

/** depthwiseFilter(x, dy, window, shape of k): dk. */
napi_value DepthwiseFilter(const Arguments& a) {
  const int32_t x = a.number(0), dy = a.number(1);
  const std::vector<int64_t> shape = Lengths(a, 3);
  const Window w = WindowOf(Shape(x), shape, Ints(a.env, a[2]));
  Want(Size(dy) == w.n * w.oh * w.ow * w.c, "dy does not fit");
  const Made dk = MakeTensor(shape);
  kernels().depthwiseFilter(w, Values(x), Values(dy), dk.values);
  return From(a.env, dk.id);
}

/** compare([a], [b or -1 for zeros]): a Float64Array of the four members of Compared for each pair. */
napi_value Compare(const Arguments& a) {
  const std::vector<int32_t> left = Ints(a.env, a[0]), right = Ints(a.env, a[1]);
  Want(left.size() == right.size(), "pairs were expected");
  void* values;
  napi_value buffer, array;
  Check(napi_create_arraybuffer(a.env, left.size() * sizeof(Compared), &values, &buffer), "no memory");
  Compared* to = static_cast<Compared*>(values);
  for (size_t i = 0; i < left.size(); i++) {
    const int64_t size = Size(left[i]);
    Want(right[i] < 0 || Size(right[i]) == size, "two tensors differ in size");
    kernels().compare(Values(left[i]), right[i] < 0 ? nullptr : Values(right[i]), size, to + i);
  }
  Check(napi_create_typedarray(a.env, napi_float64_array, 4 * left.size(), buffer, 0, &array), "no array");
  return array;
}

napi_value ShareOf(const Arguments& a) { return From(a.env, Share(a.number(0))); }

/** Tensors of an optimizer's step by their numbers; `firsts` and `seconds` may be empty. */
std::vector<Update> Updates(const Arguments& a, int values, int gradients, int firsts, int seconds) {
  const std::vector<int32_t> value = Ints(a.env, a[values]), gradient = Ints(a.env, a[gradients]),
                             first = Ints(a.env, a[firsts]),
                             second = seconds < 0 ? std::vector<int32_t>() : Ints(a.env, a[seconds]);
  const size_t n = value.size();
  Want(gradient.size() == n && (first.empty() || first.size() == n) && (second.empty() || second.size() == n),
       "lists differ in length");
  std::vector<Update> all(n);
  for (size_t i = 0; i < n; i++) {
    const int64_t size = Size(value[i]);
    Want(Size(gradient[i]) == size && (first.empty() || Size(first[i]) == size) &&
             (second.empty() || Size(second[i]) == size),
         "a gradient or slot is of another size than its parameter");
    all[i] = {OwnValues(value[i]), Values(gradient[i]), first.empty() ? nullptr : OwnValues(first[i]),
              second.empty() ? nullptr : OwnValues(second[i]), size, 0, 0, 0, 1};
  }
  return all;
}

/** sgd(values, gradients, buffers or [], rates, decays, momentum, nesterov): values and buffers change where they lie. */
napi_value Sgd(const Arguments& a) {
  std::vector<Update> all = Updates(a, 0, 1, 2, -1);
  const std::vector<double> rates = Numbers(a.env, a[3]), decays = Numbers(a.env, a[4]);
  Want(rates.size() == all.size() && decays.size() == all.size(), "a rate and a decay for each were expected");
  for (size_t i = 0; i < all.size(); i++) {
    all[i].rate = rates[i];
    all[i].weightDecay = decays[i];
  }
  kernels().sgd(all.data(), static_cast<int64_t>(all.size()), Number(a.env, a[5]),
                Flag(a.env, a[6]));
  return nullptr;
}

/** adam(values, gradients, firsts, seconds, rates, decays, floors, keeps, beta1, beta2). */
napi_value Adam(const Arguments& a) {
  std::vector<Update> all = Updates(a, 0, 1, 2, 3);
  const std::vector<double> rates = Numbers(a.env, a[4]), decays = Numbers(a.env, a[5]),
                            floors = Numbers(a.env, a[6]), keeps = Numbers(a.env, a[7]);
  for (const auto* list : {&rates, &decays, &floors, &keeps})
    Want(list->size() == all.size(), "four numbers for each were expected");
  for (size_t i = 0; i < all.size(); i++) {
    all[i].rate = rates[i];
    all[i].weightDecay = decays[i];
    all[i].floor = floors[i];
    all[i].keep = keeps[i];
  }
  kernels().adam(all.data(), static_cast<int64_t>(all.size()), Number(a.env, a[8]),
                 Number(a.env, a[9]));
  return nullptr;
}

/** blend([x], [y], [a], [b]): new tensors a x + b y. */
napi_value Blend(const Arguments& a) {
  const std::vector<int32_t> x = Ints(a.env, a[0]), y = Ints(a.env, a[1]);
  const std::vector<double> left = Numbers(a.env, a[2]), right = Numbers(a.env, a[3]);
  Want(y.size() == x.size() && left.size() == x.size() && right.size() == x.size(), "lists differ in length");
  std::vector<int32_t> made;
  for (size_t i = 0; i < x.size(); i++) {
    const int64_t size = Size(x[i]);
    Want(Size(y[i]) == size, "two tensors differ in size");
    const Made to = MakeTensor(Shape(x[i]));
    kernels().blend(Values(x[i]), Values(y[i]), size, static_cast<float>(left[i]), static_cast<float>(right[i]),
                    to.values);
    made.push_back(to.id);
  }
  return ArrayFrom(a.env, made);
}

/** foldNorm(kernel, channels, bias, gamma, beta, mean, variance, epsilon): [scaled kernel, shift]; -1 for what there is not. */
napi_value FoldNorm(const Arguments& a) {
  const int32_t kernel = a.number(0);
  const int64_t c = a.number(1), size = Size(kernel);
  Want(c > 0 && size % c == 0, "the kernel does not fit its channels");
  const auto vector = [&](size_t i) -> const float* {
    const int32_t id = a.number(i);
    if (id < 0) return nullptr;
    Want(Size(id) == c, "a vector has another length than there are channels");
    return Values(id);
  };
  const float *mean = vector(5), *variance = vector(6);
  Want(mean && variance, "mean and variance were expected");
  const Made scaled = MakeTensor(Shape(kernel)), shift = MakeTensor({c});
  kernels().fold(Values(kernel), size / c, c, vector(2), vector(3), vector(4), mean, variance,
                 static_cast<float>(Number(a.env, a[7])), scaled.values, shift.values);
  return ArrayFrom(a.env, std::vector<int32_t>{scaled.id, shift.id});
}

}  // namespace

void AddCalls(const std::function<void(const char* name, napi_callback call)>& function) {
  function("normTrain", Guarded<NormTrain>);
  function("normEval", Guarded<NormEval>);
  function("normGradient", Guarded<NormGradient>);
  function("shiftInPlace", Guarded<ShiftInPlace>);
  function("depthwise", Guarded<Depthwise>);
  function("depthwiseInput", Guarded<DepthwiseInput>);
  function("depthwiseFilter", Guarded<DepthwiseFilter>);
  function("compare", Guarded<Compare>);
  function("share", Guarded<ShareOf>);
  function("sgd", Guarded<Sgd>);
  function("adam", Guarded<Adam>);
  function("blend", Guarded<Blend>);
  function("foldNorm", Guarded<FoldNorm>);
}

}  // namespace thaw
