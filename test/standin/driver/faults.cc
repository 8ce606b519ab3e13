// SPDX-License-Identifier: Apache-2.0
#include "faults.h"

#include <algorithm>
#include <csignal>
#include <mutex>
#include <random>

#include "record.h"

namespace standin {
namespace {

// Ordered to see what is left of a process that dies.
constexpr CUresult kCrash = -1;

struct Fault {
  std::string entry;
  uint64_t remaining;
  CUresult result;
};

struct RandomFault {
  std::mt19937_64 random;
  unsigned permille;
  CUresult result;
  std::vector<std::string> entries;
};

struct Faults {
  std::mutex mutex;
  std::vector<Fault> ordered;
  std::vector<RandomFault> random;
};

Faults& faults() {
  static Faults* instance = new Faults;
  return *instance;
}

bool IsNamed(const RandomFault& fault, const std::string& entry) {
  // Work on the device fails only where it is named: its result is always sticky.
  if (fault.entries.empty()) return !IsClosingEntry(entry) && entry.compare(0, 3, "op:") != 0;
  return std::find(fault.entries.begin(), fault.entries.end(), entry) != fault.entries.end();
}

}  // namespace

bool IsSticky(CUresult result) {
  switch (result) {
    case kDeviceUnavailable:
    case 214:  // ECC uncorrectable
    case 220:  // NVLink uncorrectable
    case 226:  // contained
    case 700:  // illegal address
    case 702:  // launch timeout
    case 709:  // context is destroyed
    case 710:  // assert
    case 714:  // hardware stack error
    case 715:  // illegal instruction
    case 716:  // misaligned address
    case 717:  // invalid address space
    case 718:  // invalid program counter
    case 719:  // launch failed
    case 721:  // tensor memory leak
    case 806:  // MPS
    case 810:
    case 911:  // external device
      return true;
    default:
      return false;
  }
}

std::string WithoutSuffix(const std::string& entry) {
  const size_t length = entry.size();
  return length > 3 && entry.compare(length - 3, 3, "_v2") == 0 ? entry.substr(0, length - 3) : entry;
}

bool IsClosingEntry(const std::string& entry) {
  for (const char* word :
       {"Destroy", "Free", "Release", "Unregister", "Unload", "PopCurrent", "~", "EndCapture"}) {
    if (entry.find(word) != std::string::npos) return true;
  }
  return false;
}

void AddFault(const std::string& entry, uint64_t nth, CUresult result) {
  Faults& f = faults();
  std::lock_guard<std::mutex> lock(f.mutex);
  f.ordered.push_back({WithoutSuffix(entry), nth == 0 ? 1 : nth, result});
  SetScrutiny(kFaults, true);
}

void AddRandomFault(uint64_t seed, unsigned permille, CUresult result, std::vector<std::string> entries) {
  for (std::string& entry : entries) entry = WithoutSuffix(entry);
  Faults& f = faults();
  std::lock_guard<std::mutex> lock(f.mutex);
  f.random.push_back({std::mt19937_64(seed), permille, result, std::move(entries)});
  SetScrutiny(kFaults, true);
}

void ClearFaults() {
  Faults& f = faults();
  std::lock_guard<std::mutex> lock(f.mutex);
  f.ordered.clear();
  f.random.clear();
  SetScrutiny(kFaults, false);
}

CUresult TakeFault(const std::string& entry) {
  Faults& f = faults();
  std::lock_guard<std::mutex> lock(f.mutex);
  CUresult result = kSuccess;
  for (size_t i = 0; i < f.ordered.size();) {
    Fault& fault = f.ordered[i];
    if (fault.entry != entry || --fault.remaining > 0) {
      i++;
      continue;
    }
    if (result == kSuccess) result = fault.result;
    f.ordered.erase(f.ordered.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (result == kCrash) std::raise(SIGSEGV);
  if (result != kSuccess) return result;
  for (RandomFault& fault : f.random) {
    if (IsNamed(fault, entry) && fault.random() % 1000 < fault.permille) return fault.result;
  }
  return kSuccess;
}

}  // namespace standin
