#include "daemon/serve/assets.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/http/content_coding.hpp"
#include "daemon/http/response_head.hpp"
#include "daemon/wall/assets.hpp"

namespace deskpulse::serve {
namespace {

constexpr std::string_view kPage = "index.html";
constexpr std::string_view kWhatThePageMayDo =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

/// The tag is that of the bytes sent, so the two codings have one each.
http::Response response_of(const wall::Asset& asset, std::shared_ptr<const std::string> plain,
                           const http::Request& request) {
  http::Response response;
  response.content_type = asset.content_type;
  response.content_security_policy = kWhatThePageMayDo;
  response.cache_control = "no-cache";  // keep it, and ask each time
  response.negotiated = true;
  response.gzip = request.accepts_gzip;
  response.etag.append("\"").append(asset.hash).append(request.accepts_gzip ? "-gzip\"" : "\"");
  if (http::names_etag(request.if_none_match, response.etag)) {
    response.status = 304;
  } else if (request.accepts_gzip) {
    response.body = asset.gzip;
  } else {
    response.body = *plain;
    response.body_owner = std::move(plain);
  }
  return response;
}

}  // namespace

void add_wall(http::Routes& routes) {
  for (const wall::Asset& asset : wall::assets()) {
    const auto plain = std::make_shared<const std::string>(http::gunzip(asset.gzip));
    routes.add(asset.name == kPage ? "/wall" : "/wall/" + std::string(asset.name),
               [&asset, plain](const http::Request& request, const http::Reply& reply) {
                 reply(response_of(asset, plain, request));
               });
  }
}

}  // namespace deskpulse::serve
