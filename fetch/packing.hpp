#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace aimlock {

/// Appends values to a packed document as they lie in memory. Packed documents never leave the machine that
/// wrote them; a checksum around them (http_cache.hpp) tells damage.
class Packer {
public:
    template <class T>
    void value(const T& given) {
        static_assert(std::is_trivially_copyable_v<T>);
        bytes_.append(reinterpret_cast<const char*>(&given), sizeof given);
    }
    /// A text with its size before it.
    void text(std::string_view given) {
        value(static_cast<std::uint32_t>(given.size()));
        bytes_.append(given);
    }
    template <class T>
    void array(const T* begin, std::size_t count) {
        static_assert(std::is_trivially_copyable_v<T>);
        if (count != 0) bytes_.append(reinterpret_cast<const char*>(begin), count * sizeof(T));
    }
    /// Zeros up to a multiple of `alignment`.
    void align(std::size_t alignment) {
        bytes_.append((alignment - bytes_.size() % alignment) % alignment, '\0');
    }
    [[nodiscard]] std::string take() { return std::move(bytes_); }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    void reserve(std::size_t size) { bytes_.reserve(size); }

private:
    std::string bytes_;
};

/// Reads what a Packer wrote. What lies outside reads as zero or empty and makes `good` false: a packed
/// document may be foreign, whatever its checksum says.
class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

    template <class T>
    T value() {
        static_assert(std::is_trivially_copyable_v<T>);
        T out{};
        const std::string_view from = take(sizeof out);
        if (!from.empty()) std::memcpy(&out, from.data(), sizeof out);
        return out;
    }
    std::string_view text() { return take(value<std::uint32_t>()); }
    /// `count` values in place; null where they do not lie inside.
    template <class T>
    const T* array(std::size_t count) {
        static_assert(std::is_trivially_copyable_v<T>);
        if (count > left() / sizeof(T)) {
            good_ = false;
            return nullptr;
        }
        const std::string_view from = take(count * sizeof(T));
        if (reinterpret_cast<std::uintptr_t>(from.data()) % alignof(T) != 0) good_ = false;
        return good_ ? reinterpret_cast<const T*>(from.data()) : nullptr;
    }
    std::string_view take(std::size_t size) {
        if (!good_ || size > left()) {
            good_ = false;
            return {};
        }
        const std::string_view out = bytes_.substr(at_, size);
        at_ += size;
        return out;
    }
    void align(std::size_t alignment) { take((alignment - at_ % alignment) % alignment); }
    [[nodiscard]] bool good() const { return good_; }
    /// Everything was read, and all of it lay inside.
    [[nodiscard]] bool finished() const { return good_ && left() == 0; }
    [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool good_ = true;
};

}  // namespace aimlock
