// SPDX-License-Identifier: Apache-2.0
#include "nvjpeg/decoder.h"

#include <algorithm>
#include <iterator>

#include "cuda/device_memory.h"
#include "cuda/memory_error.h"

namespace trtn::nvjpeg {
namespace {

/// What the file is to blame for; other statuses are of the library or the device.
bool IsOfTheFile(Status status) {
  return status == kBadJpeg || status == kJpegNotSupported || status == kImplementationNotSupported ||
         status == kIncompleteBitstream;
}

/// Throws what the device itself has to say of a failed call, and that it is out of memory.
void ThrowDeviceFailure(cuda::Device& device, Status status, const char* call, const std::string& purpose) {
  // Any stream of the device fails once its context is lost.
  device.Examine(device.MemoryStream(), call);
  if (device.is_poisoned())
    throw Error("ERR_TRT_CUDA_DEVICE_LOST",
                device.name() + ": " + device.poison_cause() + " " + Describe(call, status) + ".", call);
  if (status != kAllocatorFailure) return;
  Error error("ERR_TRT_CUDA_OUT_OF_MEMORY",
              device.name() + ": " + purpose + ": " + Describe(call, status) + ".", call);
  error.details.push_back({"status", {StatusName(status)}});
  cuda::AddFreeMemory(device, error);
  throw error;
}

Error NotFound(const std::vector<std::string>& tried, const std::string& device) {
  std::string list;
  for (const std::string& text : tried) list += (list.empty() ? "" : "; ") + text;
  if (list.empty()) list = "there was none to try";
  Error error("ERR_TRT_LOAD_NVJPEG_NOT_FOUND", "nvJPEG cannot be used on " + device + ": " + list + ".");
  error.details.push_back({"tried", {tried}});
  return error;
}

}  // namespace

class Decoder::Lane {
 public:
  /// The device must be current.
  Lane(const Decoder& decoder, StateHandle state)
      : decoder_(decoder), state_(state), stream_(decoder.device_) {}
  ~Lane() {
    const cuda::ScopedDevice scope(*decoder_.device_, std::nothrow);
    stream_.SynchronizeNoThrow();
    decoder_.library_->api().nvjpegJpegStateDestroy(state_);
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  StateHandle state() const { return state_; }
  cuda::Stream& stream() { return stream_; }

 private:
  const Decoder& decoder_;
  const StateHandle state_;
  cuda::Stream stream_;
};

std::shared_ptr<Decoder> Decoder::Open(const std::vector<std::string>& libraries,
                                       std::shared_ptr<cuda::Device> device) {
  const cuda::ScopedDevice scope = device->Use();
  std::vector<std::string> tried;
  for (const std::string& path : libraries) {
    Library::OpenResult opened = Library::Open(path);
    if (!opened.library) {
      tried.push_back(path + ": " + opened.reason);
      continue;
    }
    const char* const call = "nvjpegCreateSimple";
    LibraryHandle handle = nullptr;
    const Status status = opened.library->api().nvjpegCreateSimple(&handle);
    if (status == kSuccess)
      return std::shared_ptr<Decoder>(new Decoder(std::move(opened.library), std::move(device), handle));
    ThrowDeviceFailure(*device, status, call, "starting nvJPEG");
    // One for a newer driver, or without code for this device.
    tried.push_back(path + ": " + Describe(call, status));
  }
  throw NotFound(tried, device->name());
}

Decoder::Decoder(std::shared_ptr<const Library> library, std::shared_ptr<cuda::Device> device,
                 LibraryHandle handle)
    : library_(std::move(library)), device_(std::move(device)), handle_(handle) {}

Decoder::~Decoder() {
  const cuda::ScopedDevice scope(*device_, std::nothrow);
  idle_.clear();
  library_->api().nvjpegDestroy(handle_);
}

DecodedImage Decoder::Decode(const JpegFile& file) {
  const cuda::ScopedDevice scope = device_->Use();
  CheckSize(file);
  std::unique_ptr<Lane> lane = TakeLane();
  // What a failed decode leaves in a state is not known: its lane goes.
  DecodedImage image = DecodeIn(*lane, file);
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(lane));
  return image;
}

void Decoder::CheckSize(const JpegFile& file) const {
  JpegFrame size;
  int subsampling = 0;
  int widths[kMaxComponents] = {}, heights[kMaxComponents] = {};
  const char* const call = "nvjpegGetImageInfo";
  const Status status = library_->api().nvjpegGetImageInfo(handle_, file.data(), file.size(),
                                                           &size.components, &subsampling, widths, heights);
  const JpegFrame& frame = file.frame();
  if (status != kSuccess) ThrowFailure(status, call, frame);
  size.width = widths[0];
  size.height = heights[0];
  // The memory is made for what the library writes, so that the two must not differ.
  if (size.width != frame.width || size.height != frame.height)
    throw DecodeError("its head says " + SizeText(frame) + ", but nvJPEG reads " + SizeText(size), call);
}

std::unique_ptr<Decoder::Lane> Decoder::TakeLane() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Lane> lane = std::move(idle_.back());
      idle_.pop_back();
      return lane;
    }
  }
  StateHandle state = nullptr;
  const Status status = library_->api().nvjpegJpegStateCreate(handle_, &state);
  if (status != kSuccess) ThrowFailure(status, "nvjpegJpegStateCreate", {});
  try {
    return std::make_unique<Lane>(*this, state);
  } catch (...) {
    library_->api().nvjpegJpegStateDestroy(state);
    throw;
  }
}

DecodedImage Decoder::DecodeIn(Lane& lane, const JpegFile& file) {
  const JpegFrame& frame = file.frame();
  DecodedImage image;
  image.width = frame.width;
  image.height = frame.height;
  image.memory = cuda::AllocateSharedDeviceMemory(device_, image.bytes(), "a decoded JPEG");
  Image target;
  target.channel[0] = static_cast<unsigned char*>(image.memory.get());
  target.pitch[0] = static_cast<size_t>(frame.width) * 3;
  const Status status = library_->api().nvjpegDecode(handle_, lane.state(), file.data(), file.size(),
                                                     kOutputRgbInterleaved, &target, lane.stream().get());
  if (status != kSuccess) {
    // Parts of it may be queued; the memory goes once nothing writes it.
    lane.stream().SynchronizeNoThrow();
    ThrowFailure(status, "nvjpegDecode", frame);
  }
  lane.stream().Synchronize();
  return image;
}

void Decoder::ThrowFailure(Status status, const char* call, const JpegFrame& frame) const {
  ThrowDeviceFailure(*device_, status, call, "decoding a JPEG of " + SizeText(frame));
  if (IsOfTheFile(status)) {
    Error error = DecodeError(Describe(call, status), call);
    error.details.push_back({"status", {StatusName(status)}});
    throw error;
  }
  Error error("ERR_TRT_CUDA_CALL", device_->name() + ": " + Describe(call, status) + ".", call);
  error.details.push_back({"status", {StatusName(status)}});
  throw error;
}

void Decoders::DropLost() {
  std::vector<Entry> lost;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto is_well = [](const Entry& entry) { return !entry.second->device().is_poisoned(); };
  const auto first = std::stable_partition(entries_.begin(), entries_.end(), is_well);
  std::move(first, entries_.end(), std::back_inserter(lost));
  entries_.erase(first, entries_.end());
}

std::shared_ptr<Decoder> Decoders::Of(const std::vector<std::string>& libraries,
                                      const std::shared_ptr<cuda::Device>& device) {
  // Others wait: the library starts once.
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [names, decoder] : entries_) {
    if (&decoder->device() == device.get() && names == libraries) return decoder;
  }
  std::shared_ptr<Decoder> decoder = Decoder::Open(libraries, device);
  if (!is_closed_) entries_.emplace_back(libraries, decoder);
  return decoder;
}

void Decoders::Close() {
  std::vector<Entry> closed;
  const std::lock_guard<std::mutex> lock(mutex_);
  is_closed_ = true;
  closed.swap(entries_);
}

}  // namespace trtn::nvjpeg
