#include "solver/base/digest.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <openssl/evp.h>

namespace aimlock {
namespace {

constexpr std::uint8_t no_digit = 0xff;

/// The value of each character as a hexadecimal digit: a page of an index has a hundred thousand of them.
constexpr std::array<std::uint8_t, 256> hex_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0') + i] = i;
    for (std::uint8_t i = 0; i < 6; ++i) {
        values[static_cast<std::size_t>('a') + i] = static_cast<std::uint8_t>(10 + i);
        values[static_cast<std::size_t>('A') + i] = static_cast<std::uint8_t>(10 + i);
    }
    return values;
}();

bool read_hex(std::string_view hex, std::span<std::uint8_t> into) {
    if (hex.size() != 2 * into.size()) return false;
    std::uint8_t seen = 0;
    for (std::size_t i = 0; i < into.size(); ++i) {
        const std::uint8_t high = hex_values[static_cast<std::uint8_t>(hex[2 * i])];
        const std::uint8_t low = hex_values[static_cast<std::uint8_t>(hex[2 * i + 1])];
        seen = static_cast<std::uint8_t>(seen | high | low);
        into[i] = static_cast<std::uint8_t>((high << 4U) | (low & 15U));
    }
    return seen < 16;
}

}  // namespace

std::optional<Sha256> Sha256::from_hex(std::string_view hex) {
    Sha256 digest;
    return read_hex(hex, digest.bytes) ? std::optional(digest) : std::nullopt;
}

std::optional<Md5> Md5::from_hex(std::string_view hex) {
    Md5 digest;
    return read_hex(hex, digest.bytes) ? std::optional(digest) : std::nullopt;
}

std::string Md5::hex() const {
    return *this == Md5{} ? std::string() : to_hex(bytes);
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

std::string Sha256::hex() const {
    return to_hex(bytes);
}

struct Sha256Stream::State {
    EVP_MD_CTX* context = nullptr;
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
    state_->context = ::EVP_MD_CTX_new();
    if (state_->context == nullptr || ::EVP_DigestInit_ex(state_->context, ::EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL offers no SHA-256");
    }
}

Sha256Stream::~Sha256Stream() {
    if (state_) ::EVP_MD_CTX_free(state_->context);
}
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
}

void Sha256Stream::update(std::string_view bytes) {
    ::EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

Sha256 Sha256Stream::finish() {
    Sha256 digest;
    ::EVP_DigestFinal_ex(state_->context, digest.bytes.data(), nullptr);
    return digest;
}

Sha256 sha256_of(std::string_view bytes) {
    Sha256Stream stream;
    stream.update(bytes);
    return stream.finish();
}

}  // namespace aimlock
