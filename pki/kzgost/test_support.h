// What the tests of this folder share: a library context with the provider in it, keys, and OpenSSL's last reason.
#pragma once

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/test_support.h"
#include "pki/kzgost/algorithm.h"
#include "pki/kzgost/errors.h"
#include "pki/kzgost/handles.h"
#include "pki/kzgost/kzgost.h"

namespace tanba::pki::kzgost::test {

using base::Bytes;
using base::ByteView;
using ProviderPtr = std::unique_ptr<OSSL_PROVIDER, Deleter<OSSL_PROVIDER_unload>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using MdPtr = std::unique_ptr<EVP_MD, Deleter<EVP_MD_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

// A library context of the thread's own with "default" and the provider; its default while it lives.
class Library {
 public:
  Library() : library_(OSSL_LIB_CTX_new()) {
    EXPECT_TRUE(register_process().has_value());
    EXPECT_TRUE(add_builtin(get()).has_value());
    default_.reset(OSSL_PROVIDER_load(get(), "default"));
    kzgost_.reset(OSSL_PROVIDER_load(get(), kProviderName));
    EXPECT_TRUE(default_ && kzgost_);
    previous_ = OSSL_LIB_CTX_set0_default(get());
    ERR_clear_error();
  }
  ~Library() { OSSL_LIB_CTX_set0_default(previous_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  [[nodiscard]] OSSL_LIB_CTX* get() const { return library_.get(); }

 private:
  LibCtxPtr library_;
  ProviderPtr default_, kzgost_;
  OSSL_LIB_CTX* previous_ = nullptr;
};

// The newest reason of ours on the queue, which is emptied; nothing when there is none.
inline std::optional<Reason> last_reason() {
  std::optional<Reason> reason;
  while (const unsigned long code = ERR_get_error()) {
    if (ERR_GET_LIB(code) == error_library()) reason = static_cast<Reason>(ERR_GET_REASON(code));
  }
  return reason;
}

inline PkeyPtr generate(const Library& library, KeyType type) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(library.get(), row(type).names.short_name, nullptr));
  EVP_PKEY* key = nullptr;
  EXPECT_TRUE(context && EVP_PKEY_keygen_init(context.get()) == 1 && EVP_PKEY_generate(context.get(), &key) == 1);
  return PkeyPtr(key);
}

// By octets; either may be empty. Null when the provider refuses (last_reason says why).
inline PkeyPtr import_key(const Library& library, KeyType type, ByteView public_octets, ByteView private_octets) {
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(library.get(), row(type).names.short_name, nullptr));
  std::array<OSSL_PARAM, 3> parameters{};
  std::size_t count = 0;
  const auto add = [&](const char* name, ByteView octets) {
    if (octets.empty()) return;
    parameters[count++] =
        OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(octets.data()), octets.size());
  };
  add(OSSL_PKEY_PARAM_PUB_KEY, public_octets);
  add(OSSL_PKEY_PARAM_PRIV_KEY, private_octets);
  parameters[count] = OSSL_PARAM_construct_end();
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  const int selection = private_octets.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  if (EVP_PKEY_fromdata(context.get(), &key, selection, parameters.data()) != 1) return nullptr;
  return PkeyPtr(key);
}

inline Bytes octets_of(const EVP_PKEY* key, const char* name) {
  std::size_t size = 0;
  EXPECT_EQ(EVP_PKEY_get_octet_string_param(key, name, nullptr, 0, &size), 1);
  Bytes octets(size);
  EXPECT_EQ(EVP_PKEY_get_octet_string_param(key, name, octets.data(), octets.size(), &size), 1);
  octets.resize(size);
  return octets;
}

inline Bytes sign_message(EVP_PKEY* key, ByteView message) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key), 1);
  EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()), 1);
  Bytes signature(size);
  EXPECT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()), 1);
  signature.resize(size);
  return signature;
}

inline bool verify_message(EVP_PKEY* key, ByteView message, ByteView signature) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

inline Bytes random_octets(std::size_t size) {
  Bytes octets(size);
  EXPECT_EQ(RAND_bytes(octets.data(), static_cast<int>(size)), 1);
  return octets;
}

inline Bytes from_hex(std::string_view text) {
  auto octets = base::from_hex(text);
  EXPECT_TRUE(octets.has_value()) << text;
  return octets ? *std::move(octets) : Bytes();
}

inline Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

using base::test::corpora;

}  // namespace tanba::pki::kzgost::test
