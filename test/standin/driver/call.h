// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "record.h"
#include "state.h"

namespace standin {

/// What a call needs and what it is, added up.
enum Need : unsigned {
  kNothing = 0,
  kCurrentContext = 1,
  /// Does its work on a context that is lost too, and then tells the sticky error.
  kClosing = 2,
  /// Not allowed while this thread captures.
  kUnsafeInCapture = 4,
  kBeforeInit = 8,
  /// Waits for the device: on a context that is lost, until nothing of it runs any more.
  kWaiting = 16
};

/// The beginning of every entry point: counts it, takes the lock, checks what it needs. If `result` is not 0,
/// the entry point returns it.
class Call {
 public:
  Call(Entry entry, unsigned needs);
  /// Reports a violation of this call and gives `result` back.
  CUresult Fail(CUresult result, const std::string& text) const;
  /// What a call returns that did its work: the sticky error, if there is one.
  CUresult Done() const;
  /// The sticky result that was ordered for a call that closes, 0 if none was.
  CUresult Ordered() const { return ordered_; }
  const char* name() const { return EntryName(entry_); }

  CUresult result = kSuccess;
  Context* context = nullptr;
  Lock lock;

 private:
  void CheckContext(unsigned needs);

  Entry entry_;
  /// A sticky result that was ordered for a call that closes.
  CUresult ordered_ = kSuccess;
};

/// The object behind a handle, or null after a violation.
std::shared_ptr<Stream> FindStream(const Call& call, CUstream handle);
std::shared_ptr<Event> FindEvent(const Call& call, CUevent handle);
std::shared_ptr<Graph> FindGraph(const Call& call, CUgraph handle);
std::shared_ptr<GraphExec> FindExec(const Call& call, CUgraphExec handle);

/// The context that is current on this thread, null if none.
Context* CurrentContext();

/// That the environment orders.
int DriverVersion();

/// "0x7f0010"
std::string HexText(const void* address);

}  // namespace standin
