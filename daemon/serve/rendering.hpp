// One text for everybody who asks for it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/http/content_coding.hpp"
#include "daemon/http/routes.hpp"

namespace deskpulse::serve {

/// A page that has been written once, and is compressed once, when the first one asks for that,
/// however many then get it. A copy shares both.
class Rendering {
 public:
  /// `owner` keeps `text`. `content_type` is static text.
  Rendering(std::string_view content_type, std::string_view text, std::shared_ptr<const void> owner)
      : text_(std::make_shared<Text>(
            Text{.type = content_type, .plain = text, .owner = std::move(owner), .gzip = {}})) {}

  http::Response response(bool gzip, http::Gzip& compressor) const;

 private:
  struct Text {
    std::string_view type;
    std::string_view plain;
    std::shared_ptr<const void> owner;
    std::shared_ptr<const std::string> gzip;  ///< null: nobody has asked for it
  };
  std::shared_ptr<Text> text_;
};

}  // namespace deskpulse::serve
