#include "net/http/tls.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string>

namespace tanba::net::http {
namespace {

using base::Code;
using base::Error;

std::string drain_openssl_errors() {
  std::string text;
  while (const unsigned long code = ::ERR_get_error()) {
    char line[256];
    ::ERR_error_string_n(code, line, sizeof line);
    if (text.empty()) text = line;  // the first is the cause, the rest its consequences
  }
  return text;
}

std::unexpected<Error> bad_setting(std::string key, std::string reason) {
  std::string cause = drain_openssl_errors();
  return std::unexpected(
      Error(Code::kConfigInvalid, {{"key", std::move(key)}, {"reason", std::move(reason)}}, std::move(cause)));
}

// ClientCertificates::kPinned: which key it is decides the handler, by its hash; the handshake has proved possession.
// Nothing here says that the certificate is good.
int take_any_certificate(X509_STORE_CTX* context, void*) {
  ::X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

// We speak HTTP/1.1 only; who offers ALPN without it would send something else (RFC 7301 3.2).
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                    unsigned in_length, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* selected = nullptr;
  if (::SSL_select_next_proto(&selected, out_length, kHttp11, sizeof kHttp11, in, in_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

base::Status set_protocol(SSL_CTX* context) {
  // Forward secrecy and AEAD only; TLS 1.3 has nothing else.
  static constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
  if (::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      ::SSL_CTX_set_cipher_list(context, kCiphers) != 1) {
    return bad_setting("tls", "no usable protocol or cipher");
  }
  ::SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
  // No resumption: each worker has a context of its own, and each connection proves its client's key anew.
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(context, 0);
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds no 16 KiB record buffers
  ::SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  return {};
}

base::Status set_own_key(SSL_CTX* context, const TlsOptions& options) {
  if (::SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1) {
    return bad_setting("tls.certificate", "the file holds no usable certificate: " + options.certificate_file);
  }
  if (::SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return bad_setting("tls.key", "the file holds no usable key for the certificate: " + options.key_file);
  }
  if (::SSL_CTX_check_private_key(context) != 1) {
    return bad_setting("tls.key", "the key is not that of the certificate: " + options.key_file);
  }
  return {};
}

base::Status set_client_rules(SSL_CTX* context, const TlsOptions& options) {
  switch (options.client_certificates) {
    case ClientCertificates::kNone:
      return {};
    case ClientCertificates::kPinned:
      ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
      ::SSL_CTX_set_cert_verify_callback(context, take_any_certificate, nullptr);
      return {};
    case ClientCertificates::kVerified:
    case ClientCertificates::kRequired:
      break;
  }
  const int mode = options.client_certificates == ClientCertificates::kRequired
                       ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                       : SSL_VERIFY_PEER;
  ::SSL_CTX_set_verify(context, mode, nullptr);
  if (::SSL_CTX_load_verify_file(context, options.client_ca_file.c_str()) != 1) {
    return bad_setting("tls.client_ca", "the file holds no usable certificate: " + options.client_ca_file);
  }
  // Owned by the context from here. Tells clients which certificates to offer.
  ::SSL_CTX_set_client_CA_list(context, ::SSL_load_client_CA_file(options.client_ca_file.c_str()));
  return {};
}

}  // namespace

base::Result<SslContext> make_server_context(const TlsOptions& options) {
  ::ERR_clear_error();
  SslContext context(::SSL_CTX_new(::TLS_server_method()));
  if (!context) return bad_setting("tls", "OpenSSL gives no context");
  TANBA_CHECK(set_protocol(context.get()));
  TANBA_CHECK(set_own_key(context.get(), options));
  TANBA_CHECK(set_client_rules(context.get(), options));
  return context;
}

void describe_peer_certificate(SSL* ssl, Peer& peer) {
  X509* certificate = ::SSL_get0_peer_certificate(ssl);  // stays the session's
  if (certificate == nullptr) return;
  const int size = ::i2d_X509(certificate, nullptr);
  if (size <= 0) return;
  peer.certificate.resize(static_cast<std::size_t>(size));
  unsigned char* out = peer.certificate.data();
  ::i2d_X509(certificate, &out);

  unsigned char* key = nullptr;  // allocated by OpenSSL, freed below
  const int key_size = ::i2d_X509_PUBKEY(::X509_get_X509_PUBKEY(certificate), &key);
  if (key_size > 0) peer.key_hash = base::sha256({key, static_cast<std::size_t>(key_size)});
  ::OPENSSL_free(key);
}

}  // namespace tanba::net::http
