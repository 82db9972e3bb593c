// The decoder, on events of about 220 bytes as a chat platform sends them.
#include <benchmark/benchmark.h>

#include <string>

#include "proto/decoder.hpp"

namespace deskpulse::bench {
namespace {

const std::string kEvent =
    R"({"type":"message","id":"m-00000000123456","ts":1762772400123,"shop":"flagship",)"
    R"("customer":"buyer-0000012345","agent":"flagship:amy","from":"customer","kind":"text",)"
    R"("text":"亲，这款有没有现货，今天能发吗","topic":"delivery"})";

std::string padded(std::string text) { return text + std::string(proto::Decoder::kPadding, ' '); }

void DecodeEvent(benchmark::State& state) {
  proto::Decoder decoder;
  const std::string text = padded(kEvent);
  for (auto _ : state) {
    benchmark::DoNotOptimize(decoder.event({text.data(), kEvent.size()}, proto::Tail::padded));
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kEvent.size()));
}
BENCHMARK(DecodeEvent);

void DecodeArrayOf64(benchmark::State& state) {
  std::string array = "[" + kEvent;
  for (int i = 1; i < 64; ++i) array += "," + kEvent;
  array += "]";
  proto::Decoder decoder;
  const std::string text = padded(array);
  for (auto _ : state) {
    benchmark::DoNotOptimize(decoder.plain_frame({text.data(), array.size()}, proto::Tail::padded));
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(DecodeArrayOf64);

}  // namespace
}  // namespace deskpulse::bench
