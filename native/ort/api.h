// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// The part of ONNX Runtime's C API that this package calls. The API is one table of function pointers that
// only ever grows at its end, so a slot's index is stable across versions; the table is read by index and no
// header of ONNX Runtime is needed. ort_runtime_test.cc holds these indexes against a real library.

namespace trtn::ort {

/// Oldest API that is asked for; libraries of that minor version and newer all answer it.
constexpr uint32_t kApiVersion = 17;

struct Env;
struct Status;
struct SessionOptions;
struct OrtSession;
struct RunOptions;
struct Value;
struct MemoryInfo;
struct TypeInfo;
struct TensorTypeInfo;
struct Allocator;

enum class LogLevel : int { kVerbose = 0, kInfo = 1, kWarning = 2, kError = 3, kFatal = 4 };
enum class OnnxType : int { kUnknown = 0, kTensor = 1 };

using LogFunction = void (*)(void* param, LogLevel level, const char* category, const char* log_id,
                             const char* code_location, const char* message);

/// What OrtGetApiBase() returns.
struct ApiBase {
  const void* const* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

/// X(index in the table, name, return type, parameters). A Status* that is not null is an error to be
/// released.
#define TRTN_ORT_SLOTS(X)                                                                                  \
  X(2, GetErrorMessage, const char*, const Status*)                                                        \
  X(4, CreateEnvWithCustomLogger, Status*, LogFunction, void*, LogLevel, const char* log_id, Env**)        \
  X(7, CreateSession, Status*, const Env*, const char* path, const SessionOptions*, OrtSession**)          \
  X(8, CreateSessionFromArray, Status*, const Env*, const void* data, size_t bytes, const SessionOptions*, \
    OrtSession**)                                                                                          \
  X(9, Run, Status*, OrtSession*, const RunOptions*, const char* const* input_names, const Value* const*,  \
    size_t, const char* const* output_names, size_t, Value**)                                              \
  X(10, CreateSessionOptions, Status*, SessionOptions**)                                                   \
  X(11, SetOptimizedModelFilePath, Status*, SessionOptions*, const char* path)                             \
  X(13, SetSessionExecutionMode, Status*, SessionOptions*, int)                                            \
  X(14, EnableProfiling, Status*, SessionOptions*, const char* file_prefix)                                \
  X(16, EnableMemPattern, Status*, SessionOptions*)                                                        \
  X(17, DisableMemPattern, Status*, SessionOptions*)                                                       \
  X(18, EnableCpuMemArena, Status*, SessionOptions*)                                                       \
  X(19, DisableCpuMemArena, Status*, SessionOptions*)                                                      \
  X(20, SetSessionLogId, Status*, SessionOptions*, const char*)                                            \
  X(21, SetSessionLogVerbosityLevel, Status*, SessionOptions*, int)                                        \
  X(22, SetSessionLogSeverityLevel, Status*, SessionOptions*, int)                                         \
  X(23, SetSessionGraphOptimizationLevel, Status*, SessionOptions*, int)                                   \
  X(24, SetIntraOpNumThreads, Status*, SessionOptions*, int)                                               \
  X(25, SetInterOpNumThreads, Status*, SessionOptions*, int)                                               \
  X(30, SessionGetInputCount, Status*, const OrtSession*, size_t*)                                         \
  X(31, SessionGetOutputCount, Status*, const OrtSession*, size_t*)                                        \
  X(33, SessionGetInputTypeInfo, Status*, const OrtSession*, size_t, TypeInfo**)                           \
  X(34, SessionGetOutputTypeInfo, Status*, const OrtSession*, size_t, TypeInfo**)                          \
  X(36, SessionGetInputName, Status*, const OrtSession*, size_t, Allocator*, char**)                       \
  X(37, SessionGetOutputName, Status*, const OrtSession*, size_t, Allocator*, char**)                      \
  X(39, CreateRunOptions, Status*, RunOptions**)                                                           \
  X(46, RunOptionsSetTerminate, Status*, RunOptions*)                                                      \
  X(48, CreateTensorAsOrtValue, Status*, Allocator*, const int64_t* dims, size_t rank, int type, Value**)  \
  X(49, CreateTensorWithDataAsOrtValue, Status*, const MemoryInfo*, void* data, size_t bytes,              \
    const int64_t* dims, size_t rank, int type, Value**)                                                   \
  X(51, GetTensorMutableData, Status*, Value*, void**)                                                     \
  X(53, GetStringTensorDataLength, Status*, const Value*, size_t*)                                         \
  X(54, GetStringTensorContent, Status*, const Value*, void* texts, size_t bytes, size_t* offsets, size_t) \
  X(55, CastTypeInfoToTensorInfo, Status*, const TypeInfo*, const TensorTypeInfo**)                        \
  X(56, GetOnnxTypeFromTypeInfo, Status*, const TypeInfo*, OnnxType*)                                      \
  X(60, GetTensorElementType, Status*, const TensorTypeInfo*, int*)                                        \
  X(61, GetDimensionsCount, Status*, const TensorTypeInfo*, size_t*)                                       \
  X(62, GetDimensions, Status*, const TensorTypeInfo*, int64_t*, size_t)                                   \
  X(63, GetSymbolicDimensions, Status*, const TensorTypeInfo*, const char**, size_t)                       \
  X(65, GetTensorTypeAndShape, Status*, const Value*, TensorTypeInfo**)                                    \
  X(69, CreateCpuMemoryInfo, Status*, int allocator_type, int memory_type, MemoryInfo**)                   \
  X(76, AllocatorFree, Status*, Allocator*, void*)                                                         \
  X(78, GetAllocatorWithDefaultOptions, Status*, Allocator**)                                              \
  X(93, ReleaseStatus, void, Status*)                                                                      \
  X(95, ReleaseSession, void, OrtSession*)                                                                 \
  X(96, ReleaseValue, void, Value*)                                                                        \
  X(97, ReleaseRunOptions, void, RunOptions*)                                                              \
  X(98, ReleaseTypeInfo, void, TypeInfo*)                                                                  \
  X(99, ReleaseTensorTypeAndShapeInfo, void, TensorTypeInfo*)                                              \
  X(100, ReleaseSessionOptions, void, SessionOptions*)                                                     \
  X(110, SessionEndProfiling, Status*, OrtSession*, Allocator*, char** path)                               \
  X(124, AddFreeDimensionOverrideByName, Status*, SessionOptions*, const char* name, int64_t)              \
  X(130, AddSessionConfigEntry, Status*, SessionOptions*, const char* key, const char* value)              \
  X(252, GetResizedStringTensorElementBuffer, Status*, Value*, size_t index, size_t bytes, char**)

/// The slots above as typed pointers, copied out of a library's table.
struct Api {
#define TRTN_ORT_MEMBER(index, name, result, ...) result (*name)(__VA_ARGS__) = nullptr;
  TRTN_ORT_SLOTS(TRTN_ORT_MEMBER)
#undef TRTN_ORT_MEMBER

  explicit Api(const void* const* table) {
#define TRTN_ORT_LOAD(index, name, result, ...) \
  name = reinterpret_cast<result (*)(__VA_ARGS__)>(const_cast<void*>(table[index]));
    TRTN_ORT_SLOTS(TRTN_ORT_LOAD)
#undef TRTN_ORT_LOAD
  }
};

/// A slot that the table of kApiVersion does not have: to be taken from that of its own version.
constexpr uint32_t kExternalFilesApiVersion = 18;
constexpr size_t kExternalFilesSlot = 279;
/// AddExternalInitializersFromFilesInMemory.
using ExternalFilesFunction = Status* (*)(SessionOptions*, const char* const* paths, char* const* contents,
                                          const size_t* bytes, size_t count);

/// Values of OrtAllocatorType and OrtMemType for plain host memory.
constexpr int kDeviceAllocator = 0;
constexpr int kDefaultMemory = 0;

}  // namespace trtn::ort
