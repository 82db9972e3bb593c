// An event as it lies in the image of a state: without the ids that its keys stand for.
#pragma once

#include <string>

#include "daemon/image/reader.hpp"
#include "daemon/image/writer.hpp"
#include "proto/event.hpp"

namespace deskpulse::intake {

/// Of a prepared event: its id, customer and order are not written. Allocates nothing.
void save(image::Writer& writer, const proto::Event& event);

/// Reads events back, one at a time.
class EventReader {
 public:
  /// One that a decoder could have made and an intake prepared; else the reader fails and what is
  /// returned means nothing. Its views are good until the next call.
  const proto::Event& read(image::Reader& reader);

 private:
  proto::Event event_;
  std::string texts_[6];
};

}  // namespace deskpulse::intake
