#include "daemon/http/routes.hpp"

#include "daemon/http/event_stream.hpp"

namespace deskpulse::http {

Response text_response(unsigned status, std::string text) {
  const auto body = std::make_shared<const std::string>(std::move(text));
  Response response;
  response.status = status;
  response.body = *body;
  response.body_owner = body;
  return response;
}

void Routes::add(std::string path, Handler handler) {
  handlers_.insert_or_assign(std::move(path), std::move(handler));
}

void Routes::add_stream(std::string path, StreamHandler handler) {
  stream_handlers_.insert_or_assign(std::move(path), std::move(handler));
}

const Handler* Routes::find(std::string_view path) const {
  const auto found = handlers_.find(path);
  return found == handlers_.end() ? nullptr : &found->second;
}

const StreamHandler* Routes::find_stream(std::string_view path) const {
  const auto found = stream_handlers_.find(path);
  return found == stream_handlers_.end() ? nullptr : &found->second;
}

}  // namespace deskpulse::http
