#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aimlock {

/// A SHA-256 digest: 32 bytes. All zero stands for "not known" (`known()` is false).
struct Sha256 {
    std::array<std::uint8_t, 32> bytes{};

    /// Reads 64 hexadecimal digits, either case; nullopt for any other text.
    static std::optional<Sha256> from_hex(std::string_view hex);
    /// 64 lower-case hexadecimal digits.
    [[nodiscard]] std::string hex() const;
    [[nodiscard]] bool known() const { return *this != Sha256{}; }
    friend auto operator<=>(const Sha256&, const Sha256&) = default;
};

/// An MD5 digest as channels state it: it is kept and compared, and nothing is verified by it alone. All zero
/// stands for "not known".
struct Md5 {
    std::array<std::uint8_t, 16> bytes{};

    /// Reads 32 hexadecimal digits, either case; nullopt for any other text.
    static std::optional<Md5> from_hex(std::string_view hex);
    /// 32 lower-case hexadecimal digits; empty where it is not known.
    [[nodiscard]] std::string hex() const;
    friend auto operator<=>(const Md5&, const Md5&) = default;
};

/// Hashes bytes as they arrive.
class Sha256Stream {
public:
    Sha256Stream();
    ~Sha256Stream();
    Sha256Stream(Sha256Stream&&) noexcept;
    Sha256Stream& operator=(Sha256Stream&&) noexcept;
    Sha256Stream(const Sha256Stream&) = delete;
    Sha256Stream& operator=(const Sha256Stream&) = delete;

    void update(std::string_view bytes);
    /// The digest of all bytes so far; the stream is spent afterwards.
    [[nodiscard]] Sha256 finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The digest of `bytes`.
Sha256 sha256_of(std::string_view bytes);

/// `bytes` as lower-case hexadecimal digits.
std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace aimlock
