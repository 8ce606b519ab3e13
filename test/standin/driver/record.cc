// SPDX-License-Identifier: Apache-2.0
#include "record.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "faults.h"
#include "standin.h"

namespace standin {
namespace {

using Clock = std::chrono::steady_clock;

struct Traced {
  std::string entry;
  int thread;
};

// Never destroyed: threads of streams may outlive main().
struct Record {
  std::mutex mutex;
  std::atomic<uint64_t> counts[kEntryCount] = {};
  std::map<std::string, uint64_t> other_counts;
  std::map<std::string, long> objects;
  std::vector<Traced> trace;
  std::vector<TimelineEntry> timeline;
  std::vector<std::string> violations;
  std::atomic<unsigned> scrutiny{0};
  std::atomic<long> call_ns{0};
  std::atomic<int> threads{0};
};

Record& record() {
  static Record* instance = new Record;
  return *instance;
}

// Enough for every test; what comes later would only repeat it.
constexpr size_t kMaxViolations = 1000;
constexpr size_t kMaxEntries = 1 << 20;

STANDIN_THREAD_LOCAL int t_host_functions = 0;

const char* const kNames[] = {
#define STANDIN_NAME(name) #name,
    STANDIN_ENTRIES(STANDIN_NAME)
#undef STANDIN_NAME
};

/// Names as EntryName() gives them.
struct ShortNames {
  std::string names[kEntryCount];
  ShortNames() {
    for (int i = 0; i < kEntryCount; i++) names[i] = WithoutSuffix(kNames[i]);
  }
};

void AddToTrace(const char* entry) {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  if (r.trace.size() < kMaxEntries) r.trace.push_back({entry, ThreadNumber()});
}

void Delay() {
  const auto end = Clock::now() + std::chrono::nanoseconds(record().call_ns.load(std::memory_order_relaxed));
  while (Clock::now() < end) {
  }
}

/// The ordered result of a call that somebody takes a closer look at.
CUresult EnterSlowly(const char* name, unsigned scrutiny) {
  if (scrutiny & kTrace) AddToTrace(name);
  if (scrutiny & kDelay) Delay();
  // Closing calls do their work on a device that is gone, and then say that it is.
  if ((scrutiny & kGone) && !IsClosingEntry(name)) return kDeviceUnavailable;
  return scrutiny & kFaults ? TakeFault(name) : kSuccess;
}

}  // namespace

const char* EntryName(Entry entry) {
  static const ShortNames* names = new ShortNames;
  return names->names[static_cast<int>(entry)].c_str();
}

CUresult Enter(Entry entry) {
  Record& r = record();
  r.counts[static_cast<int>(entry)].fetch_add(1, std::memory_order_relaxed);
  if (t_host_functions > 0) {
    Violate(std::string(EntryName(entry)) + " is called from a host function");
    return kNotPermitted;
  }
  const unsigned scrutiny = r.scrutiny.load(std::memory_order_acquire);
  if (scrutiny == 0) return kSuccess;
  const CUresult result = EnterSlowly(EntryName(entry), scrutiny);
  if (IsSticky(result)) PoisonCurrent(result);
  return result;
}

void Violate(const std::string& text) {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  if (r.violations.size() < kMaxViolations) r.violations.push_back(text);
  // For processes that nobody can ask.
  const char* path = std::getenv("TRTN_STANDIN_CUDA_VIOLATIONS");
  if (std::FILE* file = path == nullptr ? nullptr : std::fopen(path, "a")) {
    std::fprintf(file, "%s\n", text.c_str());
    std::fclose(file);
  }
}

int ThreadNumber() {
  STANDIN_THREAD_LOCAL int number = 0;
  if (number == 0) number = record().threads.fetch_add(1, std::memory_order_relaxed) + 1;
  return number;
}

// On the clock of process.hrtime(), so that a timeline can be held beside what JavaScript saw.
double NowUs() { return std::chrono::duration<double, std::micro>(Clock::now().time_since_epoch()).count(); }

void AddToTimeline(TimelineEntry entry) {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  if (r.timeline.size() < kMaxEntries) r.timeline.push_back(std::move(entry));
}

void SetScrutiny(Scrutiny what, bool is_on) {
  if (is_on) {
    record().scrutiny.fetch_or(what, std::memory_order_release);
  } else {
    record().scrutiny.fetch_and(~static_cast<unsigned>(what), std::memory_order_release);
  }
}

bool HasScrutiny(Scrutiny what) { return (record().scrutiny.load(std::memory_order_acquire) & what) != 0; }

void SetCallNs(long ns) {
  record().call_ns.store(ns, std::memory_order_relaxed);
  SetScrutiny(kDelay, ns > 0);
}

std::string Quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      result += escape;
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + "\"";
}

std::string CallsJson() {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  // TensorRT's own calls are listed, but they are none of the driver's.
  uint64_t total = 0;
  std::map<std::string, uint64_t> entries = r.other_counts;
  for (int i = 0; i < kEntryCount; i++) {
    const uint64_t count = r.counts[i].load(std::memory_order_relaxed);
    if (count > 0) entries[EntryName(static_cast<Entry>(i))] = count;
    total += count;
  }
  std::string json = "{\"total\":" + std::to_string(total) + ",\"entries\":{";
  const char* comma = "";
  for (const auto& [name, count] : entries) {
    json += comma + Quoted(name) + ":" + std::to_string(count);
    comma = ",";
  }
  return json + "}}";
}

std::string TraceJson() {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  std::string json = "[";
  for (const Traced& traced : r.trace) {
    if (json.size() > 1) json += ",";
    json += "{\"entry\":" + Quoted(traced.entry) + ",\"thread\":" + std::to_string(traced.thread) + "}";
  }
  return json + "]";
}

std::string TimelineJson() {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  std::string json = "[";
  for (const TimelineEntry& entry : r.timeline) {
    char numbers[160];
    std::snprintf(numbers, sizeof numbers, ",\"stream\":%llu,\"bytes\":%zu,\"start\":%.3f,\"end\":%.3f}",
                  static_cast<unsigned long long>(entry.stream), entry.bytes, entry.start_us, entry.end_us);
    if (json.size() > 1) json += ",";
    json += std::string("{\"op\":\"") + entry.op + "\",\"name\":" + Quoted(entry.name) + numbers;
  }
  return json + "]";
}

std::string ObjectsJson() {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  std::string json = "{";
  for (const auto& [kind, count] : r.objects) {
    if (json.size() > 1) json += ",";
    json += Quoted(kind) + ":" + std::to_string(count);
  }
  return json + "}";
}

std::string TakeViolationsJson() {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  std::string json = "[";
  for (const std::string& text : r.violations) json += (json.size() > 1 ? "," : "") + Quoted(text);
  r.violations.clear();
  return json + "]";
}

void SetTrace(bool is_on) {
  Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  if (is_on) r.trace.clear();
  SetScrutiny(kTrace, is_on);
}

void ResetRecord() {
  Record& r = record();
  SetTrace(false);
  SetCallNs(0);
  std::lock_guard<std::mutex> lock(r.mutex);
  for (auto& count : r.counts) count.store(0, std::memory_order_relaxed);
  r.other_counts.clear();
  r.trace.clear();
  r.timeline.clear();
  r.violations.clear();
}

HostFunctionScope::HostFunctionScope() { t_host_functions++; }
HostFunctionScope::~HostFunctionScope() { t_host_functions--; }

}  // namespace standin

using standin::record;

STANDIN_API int trtn_standin_call(const char* entry) {
  standin::Record& r = record();
  {
    std::lock_guard<std::mutex> lock(r.mutex);
    r.other_counts[entry]++;
  }
  const unsigned scrutiny = r.scrutiny.load(std::memory_order_acquire);
  if (scrutiny & standin::kTrace) standin::AddToTrace(entry);
  const int result = scrutiny & standin::kFaults ? standin::TakeFault(entry) : 0;
  if (standin::IsSticky(result)) standin::PoisonCurrent(result);
  return result;
}

STANDIN_API void trtn_standin_count_object(const char* kind, int change) {
  standin::Record& r = record();
  std::lock_guard<std::mutex> lock(r.mutex);
  long& count = r.objects[kind];
  count += change;
  if (count < 0 && r.violations.size() < standin::kMaxViolations) {
    r.violations.push_back(std::string("more objects destroyed than made: ") + kind);
  }
}

STANDIN_API void trtn_standin_violation(const char* text) { standin::Violate(text); }
