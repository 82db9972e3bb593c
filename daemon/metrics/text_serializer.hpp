// prometheus-cpp's families as text.
#pragma once

#include <prometheus/serializer.h>

namespace deskpulse::metrics {

/// The text format 0.0.4 as our pages spell it. prometheus-cpp's own serializer leaves HELP
/// unescaped, where one newline takes the whole target down, and prints NaN as `Nan`. Label names
/// and family names are trusted; label values are not. Timestamps are never written.
class TextSerializer final : public prometheus::Serializer {
 public:
  using Serializer::Serialize;
  void Serialize(std::ostream& out,
                 const std::vector<prometheus::MetricFamily>& families) const override;
};

}  // namespace deskpulse::metrics
