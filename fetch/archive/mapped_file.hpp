#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "solver/base/result.hpp"

namespace aimlock {

/// The bytes of a file, mapped for reading. The file must not shrink while it is mapped: the store never
/// changes an archive in place.
class MappedFile {
public:
    static Result<MappedFile> open(const std::filesystem::path& file);
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    MappedFile& operator=(MappedFile&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    [[nodiscard]] std::string_view bytes() const { return bytes_; }

private:
    explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
    std::string_view bytes_;
};

}  // namespace aimlock
