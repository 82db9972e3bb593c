#include "daemon/feed/authorities.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "daemon/files/read_file.hpp"

namespace deskpulse::feed {
namespace {

struct FreeInfos {
  void operator()(STACK_OF(X509_INFO) * infos) const {
    sk_X509_INFO_pop_free(infos, X509_INFO_free);
  }
};

}  // namespace

std::string trust_authorities(boost::asio::ssl::context& context, const std::string& path) {
  const files::Contents file = files::read_file(path);
  if (!file.error.empty())
    return "cannot read " + path + ": " + file.error + "; correct the path or its permissions";
  // As OpenSSL reads a file by its name, which would wait for a pipe's writer.
  const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
      BIO_new_mem_buf(file.text.data(), static_cast<int>(file.text.size())), BIO_free);
  const std::unique_ptr<STACK_OF(X509_INFO), FreeInfos> infos(
      PEM_X509_INFO_read_bio(bytes.get(), nullptr, nullptr, nullptr));
  X509_STORE* const store = SSL_CTX_get_cert_store(context.native_handle());
  int count = 0;
  for (int i = 0; i < sk_X509_INFO_num(infos.get()); ++i) {
    const X509_INFO* const info = sk_X509_INFO_value(infos.get(), i);
    if (info->x509 != nullptr && X509_STORE_add_cert(store, info->x509) == 1) ++count;
    if (info->crl != nullptr) X509_STORE_add_crl(store, info->crl);
  }
  // What OpenSSL still has to say belongs to this, not to the next connection.
  ERR_clear_error();
  if (count > 0) return {};
  return path +
         " holds no certificate in PEM form (-----BEGIN CERTIFICATE-----); name another file";
}

}  // namespace deskpulse::feed
