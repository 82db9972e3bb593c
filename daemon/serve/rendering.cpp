#include "daemon/serve/rendering.hpp"

namespace deskpulse::serve {

http::Response Rendering::response(bool gzip, http::Gzip& compressor) const {
  http::Response response;
  response.content_type = text_->type;
  response.negotiated = true;
  response.gzip = gzip;
  response.body = text_->plain;
  response.body_owner = text_->owner;
  if (!gzip) return response;
  if (text_->gzip == nullptr) {
    text_->gzip = std::make_shared<const std::string>(compressor.compress(text_->plain));
  }
  response.body = *text_->gzip;
  response.body_owner = text_->gzip;
  return response;
}

}  // namespace deskpulse::serve
