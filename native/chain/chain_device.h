// SPDX-License-Identifier: Apache-2.0
//
// A chain on a GPU: kernels on one stream, captured as a CUDA graph where the same memory comes again.
//
// A run ends when the device has done everything: what it gives may be used by any stream, and what it was
// given may be freed. So no event orders chains and sessions; each takes what the other has delivered.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "chain/chain.h"
#include "core/executable.h"
#include "core/memory.h"
#include "cuda/device_memory.h"
#include "cuda/graph.h"
#include "cuda/kernel_library.h"
#include "cuda/stream.h"

namespace trtn::chain {

enum class GraphMode { kAuto, kOn, kOff };

/// What chains on one device share. Thread-safe.
struct DeviceShare {
  /// Throws what KernelLibrary::Open() throws.
  explicit DeviceShare(std::shared_ptr<cuda::Device> opened);

  const std::shared_ptr<cuda::Device> device;
  const std::shared_ptr<cuda::KernelLibrary> kernels;
  /// Page-locked.
  const std::shared_ptr<HostPool> staging;
};

struct ChainCounters {
  uint64_t runs = 0, graph_captures = 0, graph_launches = 0;
  /// Why there is no graph.
  std::string graph_refusal;
};

/// One run at a time, on any thread.
class DeviceChain {
 public:
  /// Chains on one stream run one after the other. Throws ERR_TRT_CUDA_*.
  DeviceChain(std::shared_ptr<const Chain> chain, std::shared_ptr<DeviceShare> share,
              std::shared_ptr<cuda::Stream> stream, GraphMode graphs);
  ~DeviceChain();
  DeviceChain(const DeviceChain&) = delete;
  DeviceChain& operator=(const DeviceChain&) = delete;

  /// Blocks until the outputs are there. Inputs and outputs are on the host, through page-locked memory of
  /// the chain, or on its device, in place. Outputs without memory get some in the place that they name; on
  /// the host, of `heap`.
  void Run(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs, HostPool& heap);
  /// Any thread.
  ChainCounters counters() const;

 private:
  /// Stands for a value that is on the host.
  struct Twin {
    HostPool::Block staging;
    cuda::DeviceMemory memory;
    size_t bytes = 0;
    /// The run in progress copies it.
    bool is_used = false;
  };
  /// What a run does, for the memory that it has.
  struct Recording {
    std::vector<void*> addresses;
    std::vector<uint8_t> table;
    std::vector<ops::KernelLaunch> launches;
    cuda::GraphExec graph;
    bool has_graph = false, is_warm = false, is_refused = false;
  };

  TensorView UseTwin(Twin& twin, const TensorView& value, const std::string& what);
  std::vector<TensorView> PlaceInputs(const std::vector<TensorView>& inputs);
  std::vector<TensorView> PlaceOutputs(std::vector<OutputSlot>& outputs);
  Recording& Find(const std::vector<TensorView>& inputs, const std::vector<TensorView>& outputs);
  void Record(Recording& recording, const std::vector<TensorView>& inputs,
              const std::vector<TensorView>& outputs);
  void ReserveTable(size_t bytes);
  void UploadTable(const Recording& recording);
  void Enqueue(const Recording& recording);
  void Submit(Recording& recording);
  bool Capture(Recording& recording);
  bool Launch(Recording& recording);
  void Refuse(Recording& recording, const std::string& reason);
  void TakeOutputs(std::vector<OutputSlot>& outputs, HostPool& heap);

  const std::shared_ptr<const Chain> chain_;
  const std::shared_ptr<DeviceShare> share_;
  const std::shared_ptr<cuda::Stream> stream_;
  const GraphMode graphs_;
  cuda::DeviceMemory memory_;
  std::vector<Twin> inputs_, outputs_;
  HostPool::Block table_staging_;
  cuda::DeviceMemory table_;
  /// Content of `table_`.
  std::vector<uint8_t> uploaded_;
  /// The most recently used one first.
  std::list<Recording> recordings_;
  mutable std::mutex mutex_;
  ChainCounters counters_;
};

}  // namespace trtn::chain
