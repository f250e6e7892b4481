// Server-side TLS settings. Private to net/http.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/result.h"
#include "net/http/message.h"
#include "net/http/server.h"

namespace tanba::net::http {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

// In the calling thread's default library context. config.invalid names the file at fault.
[[nodiscard]] base::Result<SslContext> make_server_context(const TlsOptions& options);

// Fills in certificate and key hash when the peer showed a certificate. `ssl` stays the caller's.
void describe_peer_certificate(SSL* ssl, Peer& peer);

}  // namespace tanba::net::http
