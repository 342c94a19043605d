#include "image/replay/unpacked_list.hpp"

#include <cstring>

#include "solver/base/digest.hpp"

namespace aimlock {
namespace {

// A change of what is written, or of what unpacking lets through, changes the number: older lists are then
// not read, and their packages are unpacked again.
constexpr std::string_view magic = "aimlock unpacked 1\n";

class Writer {
public:
    void number(std::uint64_t value) {
        for (; value >= 0x80U; value >>= 7U) text += static_cast<char>(value | 0x80U);
        text += static_cast<char>(value);
    }
    void string(std::string_view value) {
        number(value.size());
        text += value;
    }
    void digest(const Sha256& value) {
        for (const std::uint8_t byte : value.bytes) text += static_cast<char>(byte);
    }
    std::string text{magic};
};

/// Reads what Writer wrote; past the end everything is zero and `whole` is false.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(take(1).front()));
            value |= (byte & 0x7FU) << shift;
            if ((byte & 0x80U) == 0) return value;
        }
        whole = false;
        return 0;
    }
    /// How many items follow; each takes a byte at least.
    std::size_t count() {
        const std::uint64_t value = number();
        if (value <= bytes_.size()) return static_cast<std::size_t>(value);
        whole = false;
        return 0;
    }
    std::string string() {
        const std::size_t size = count();
        return whole ? std::string(take(size)) : std::string();
    }
    Sha256 digest() {
        Sha256 value;
        const std::string_view bytes = take(value.bytes.size());
        if (whole) std::memcpy(value.bytes.data(), bytes.data(), value.bytes.size());
        return value;
    }
    [[nodiscard]] bool at_end() const { return bytes_.empty(); }
    bool whole = true;

private:
    std::string_view take(std::size_t size) {
        if (size > bytes_.size()) {
            whole = false;
            bytes_ = {};
            return std::string_view("\0", 1);
        }
        const std::string_view taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }
    std::string_view bytes_;
};

void write_file(Writer& out, const PackagedFile& file) {
    const bool binary = file.placeholder && file.placeholder->binary;
    out.number(static_cast<std::uint64_t>(file.kind) | static_cast<std::uint64_t>(file.place) << 2U |
               (file.executable ? 16U : 0U) | (file.is_script ? 32U : 0U) | (file.placeholder ? 64U : 0U) |
               (binary ? 128U : 0U));
    out.string(file.path);
    if (file.placeholder) out.string(file.placeholder->text);
    if (file.kind == PackagedFile::Kind::link) return out.string(file.link);
    if (file.kind == PackagedFile::Kind::second_name) return out.number(file.first_name);
    out.digest(file.packaged_sha256);
    out.digest(file.sha256);
    out.number(file.size_bytes);
    out.number(static_cast<std::uint64_t>(file.changed_ns));
}

PackagedFile read_file(Reader& in) {
    PackagedFile file;
    const std::uint64_t flags = in.number();
    file.kind = static_cast<PackagedFile::Kind>(flags & 3U);
    file.place = static_cast<PackagedFile::Place>(flags >> 2U & 3U);
    file.executable = (flags & 16U) != 0;
    file.is_script = (flags & 32U) != 0;
    file.path = in.string();
    if ((flags & 64U) != 0) file.placeholder = Placeholder{in.string(), (flags & 128U) != 0};
    if (file.kind == PackagedFile::Kind::link) {
        file.link = in.string();
    } else if (file.kind == PackagedFile::Kind::second_name) {
        file.first_name = static_cast<std::uint32_t>(in.number());
    } else {
        file.packaged_sha256 = in.digest();
        file.sha256 = in.digest();
        file.size_bytes = in.number();
        file.changed_ns = static_cast<std::int64_t>(in.number());
    }
    return file;
}

}  // namespace

std::string unpacked_list(const PackagedFiles& package) {
    Writer out;
    out.number((package.from_wheel ? 1U : 0U) | (package.needs_python ? 2U : 0U) |
               (package.compiles ? 4U : 0U));
    out.string(package.index_json);
    out.string(package.dist_info);
    out.number(package.entry_points.size());
    for (const EntryPoint& entry : package.entry_points) {
        out.string(entry.name);
        out.string(entry.module);
        out.string(entry.object);
    }
    for (const auto* files : {&package.files, &package.folders}) {
        out.number(files->size());
        for (const PackagedFile& file : *files) write_file(out, file);
    }
    out.digest(sha256_of(out.text));
    return std::move(out.text);
}

std::optional<PackagedFiles> read_unpacked_list(std::string_view bytes) {
    constexpr std::size_t digest_size = 32;
    if (bytes.size() < magic.size() + digest_size || !bytes.starts_with(magic)) return std::nullopt;
    const std::string_view body = bytes.substr(0, bytes.size() - digest_size);
    if (Reader(bytes.substr(body.size())).digest() != sha256_of(body)) return std::nullopt;
    Reader in(body.substr(magic.size()));
    PackagedFiles package;
    const std::uint64_t flags = in.number();
    package.from_wheel = (flags & 1U) != 0;
    package.needs_python = (flags & 2U) != 0;
    package.compiles = (flags & 4U) != 0;
    package.index_json = in.string();
    package.dist_info = in.string();
    for (std::size_t left = in.count(); in.whole && left > 0; --left) {
        EntryPoint entry;
        entry.name = in.string();
        entry.module = in.string();
        entry.object = in.string();
        package.entry_points.push_back(std::move(entry));
    }
    for (auto* files : {&package.files, &package.folders}) {
        const std::size_t count = in.count();
        files->reserve(count);
        for (std::size_t left = count; in.whole && left > 0; --left) files->push_back(read_file(in));
    }
    for (const PackagedFile& file : package.files) {
        const bool is_second = file.kind == PackagedFile::Kind::second_name;
        if (is_second && file.first_name >= package.files.size()) return std::nullopt;
    }
    return in.whole && in.at_end() ? std::optional(std::move(package)) : std::nullopt;
}

}  // namespace aimlock
