// SPDX-License-Identifier: Apache-2.0
//
// How queued work runs. Each stream has a worker thread, made at its first need, that takes its work one by
// one; an engine of the device serves one piece at a time. In the mode `inline` the caller runs what takes no
// time, as long as nothing is before it.
#pragma once

#include "call.h"

namespace standin {

/// Puts work into a stream that does not capture. With the lock, which is given up while work runs here.
void Enqueue(Lock& lock, const std::shared_ptr<Stream>& stream, Op&& op);

/// Puts work of a call into a stream: checks the context, captures it if the stream captures.
CUresult Submit(Call& call, const std::shared_ptr<Stream>& stream, Op&& op);

/// Wait, giving up the lock.
void SynchronizeStream(Lock& lock, const std::shared_ptr<Stream>& stream);
void SynchronizeContext(Lock& lock, Context& context);
/// Waits until nothing of the context is queued or runs, in streams that were destroyed either.
void WaitUntilIdle(Lock& lock, Context& context);
/// A lost context drops what is queued; this waits for what runs. Does nothing for a context that is well,
/// and looks at all of them where none is current on a device that is gone.
void SettleIfLost(Lock& lock, Context* context);
void WaitFor(Lock& lock, const std::shared_ptr<Completion>& completion);

/// Its work is done still; then its worker ends.
void CloseStream(Stream& stream);

double CopyDuration(OpKind kind, size_t bytes);

}  // namespace standin
