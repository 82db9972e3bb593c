// What a fuzz target is: LLVM's libFuzzer calls it with bytes of its making, millions of times, and
// watches what code they reach; the ordinary tests call it with the bytes that are kept in corpus/
// (replay_main.cpp). It must take anything, and what must always hold it asserts.
//
// A target is deterministic and keeps nothing from one call to the next.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
