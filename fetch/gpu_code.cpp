// Every size in these files is a stranger's: it is held against what is left of the file before it is used,
// and nothing is allocated by it.
#include "fetch/gpu_code.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aimlock {
namespace {

/// An object's bytes at offsets.
class ObjectBytes {
public:
    ObjectBytes() = default;
    ObjectBytes(const ObjectBytes&) = delete;
    ObjectBytes& operator=(const ObjectBytes&) = delete;
    virtual ~ObjectBytes() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// `count` bytes (at most a block) at `offset`; nullptr where there are none.
    virtual const unsigned char* at(std::uint64_t offset, std::size_t count) = 0;
};

class MemoryBytes final : public ObjectBytes {
public:
    explicit MemoryBytes(std::string_view bytes) : bytes_(bytes) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    const unsigned char* at(std::uint64_t offset, std::size_t count) override {
        if (offset > bytes_.size() || count > bytes_.size() - offset) return nullptr;
        return reinterpret_cast<const unsigned char*>(bytes_.data()) + offset;
    }

private:
    std::string_view bytes_;
};

/// A file, through one block that is kept.
class FileBytes final : public ObjectBytes {
public:
    static Result<FileBytes> open(int folder, const std::filesystem::path& path);
    FileBytes(FileBytes&& other) noexcept : file_(std::exchange(other.file_, -1)), size_(other.size_) {}
    FileBytes& operator=(FileBytes&&) = delete;
    FileBytes(const FileBytes&) = delete;
    FileBytes& operator=(const FileBytes&) = delete;
    ~FileBytes() override {
        if (file_ >= 0) ::close(file_);
    }

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    const unsigned char* at(std::uint64_t offset, std::size_t count) override;

private:
    FileBytes(int file, std::uint64_t size) : file_(file), size_(size) {}
    int file_;
    std::uint64_t size_;
    std::uint64_t block_at_ = 0;
    std::size_t block_size_ = 0;
    std::array<unsigned char, 4096> block_{};
};

Result<FileBytes> FileBytes::open(int folder, const std::filesystem::path& path) {
    const int file = ::openat(folder, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat facts {};
    if (file < 0 || ::fstat(file, &facts) != 0) {
        const std::string words = std::strerror(errno);
        if (file >= 0) ::close(file);
        return fail(ErrorCode::io, fmt::format("cannot read {}: {}", path.string(), words));
    }
    FileBytes opened(file, S_ISREG(facts.st_mode) ? static_cast<std::uint64_t>(facts.st_size) : 0);
    return opened;
}

const unsigned char* FileBytes::at(std::uint64_t offset, std::size_t count) {
    if (count > block_.size() || offset > size_ || count > size_ - offset) return nullptr;
    const bool held = offset >= block_at_ && offset - block_at_ <= block_size_ &&
                      count <= block_size_ - (offset - block_at_);
    if (!held) {
        block_at_ = offset;
        block_size_ = 0;
        while (block_size_ < block_.size()) {
            const ssize_t got = ::pread(file_, block_.data() + block_size_, block_.size() - block_size_,
                                        static_cast<off_t>(offset + block_size_));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) break;
            block_size_ += static_cast<std::size_t>(got);
        }
        if (block_size_ < count) return nullptr;
    }
    return block_.data() + (offset - block_at_);
}

/// A little-endian number of `Number`'s size.
template <class Number>
Number number_at(const unsigned char* bytes) {
    Number value = 0;
    for (std::size_t i = sizeof(Number); i-- > 0;) value = static_cast<Number>((value << 8U) | bytes[i]);
    return value;
}

struct Range {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
};

/// Where an object may hold fatbins.
struct Sections {
    std::vector<Range> fatbins;
    std::vector<Range> data;  ///< what is loaded and neither code nor fatbins
};

constexpr std::string_view section_name{".nv_fatbin\0", 11};
constexpr std::size_t section_header_size = 64;
constexpr std::uint64_t fatbin_header_size = 16;
constexpr std::uint32_t fatbin_magic = 0xba55ed50;
constexpr std::uint64_t fatbin_alignment = 8;
constexpr std::uint64_t most_sections = 1U << 16U;
constexpr std::size_t most_architectures = 1000;

class Reader {
public:
    Reader(ObjectBytes& bytes, const std::filesystem::path& path) : bytes_(bytes), path_(path) {}
    Result<GpuCode> read();
    GpuCode search_all();

private:
    [[nodiscard]] tl::unexpected<Error> fault(std::string_view what) const {
        return fail(ErrorCode::archive, fmt::format("{}: {}", path_.string(), what));
    }
    /// What the section header `index` of `table` says lies in the file; nullopt: it lies outside.
    std::optional<Range> section(std::uint64_t table, std::uint64_t index);
    Result<Sections> find_sections();
    Result<void> sort_in(Sections& sections, std::uint64_t table, std::uint64_t index, Range names);
    Result<void> read_section(Range section);
    /// Reads one fatbin; how many bytes it takes. An error leaves what it added.
    Result<std::uint64_t> read_fatbin(Range room);
    void search(Range data);
    Result<void> read_entries(Range entries);
    Result<void> read_entry(const unsigned char* header);

    ObjectBytes& bytes_;
    const std::filesystem::path& path_;
    std::set<GpuArchitecture> architectures_;
    std::uint64_t fatbins_ = 0;
};

std::optional<Range> Reader::section(std::uint64_t table, std::uint64_t index) {
    const unsigned char* const header = bytes_.at(table + index * section_header_size, section_header_size);
    if (header == nullptr) return std::nullopt;
    constexpr std::uint32_t no_bits = 8;
    const bool empty = number_at<std::uint32_t>(header + 4) == no_bits;
    const Range range{number_at<std::uint64_t>(header + 24),
                      empty ? 0 : number_at<std::uint64_t>(header + 32)};
    if (range.begin > bytes_.size() || range.size > bytes_.size() - range.begin) return std::nullopt;
    return range;
}

Result<void> Reader::sort_in(Sections& sections, std::uint64_t table, std::uint64_t index, Range names) {
    const unsigned char* const header = bytes_.at(table + index * section_header_size, section_header_size);
    if (header == nullptr) return fault("its section headers are cut off");
    const std::uint64_t name = number_at<std::uint32_t>(header);
    const auto kind = number_at<std::uint32_t>(header + 4);
    const auto flags = number_at<std::uint64_t>(header + 8);
    const std::optional<Range> range = section(table, index);
    bool is_fatbin = false;
    if (name <= names.size && section_name.size() <= names.size - name) {
        const unsigned char* const text = bytes_.at(names.begin + name, section_name.size());
        is_fatbin = text != nullptr && std::memcmp(text, section_name.data(), section_name.size()) == 0;
    }
    if (is_fatbin) {
        if (!range) return fault(".nv_fatbin lies outside of it");
        sections.fatbins.push_back(*range);
        return {};
    }
    constexpr std::uint32_t with_bits = 1;  // SHT_PROGBITS
    constexpr std::uint64_t loaded = 2;     // SHF_ALLOC
    constexpr std::uint64_t executed = 4;   // SHF_EXECINSTR
    if (range && kind == with_bits && (flags & (loaded | executed)) == loaded)
        sections.data.push_back(*range);
    return {};
}

Result<Sections> Reader::find_sections() {
    Sections found;
    const unsigned char* const elf = bytes_.at(0, 64);
    const bool is_object = elf != nullptr && std::memcmp(elf, "\177ELF\2\1", 6) == 0;
    if (!is_object) return found;
    const auto table = number_at<std::uint64_t>(elf + 40);
    const auto header_size = number_at<std::uint16_t>(elf + 58);
    std::uint64_t count = number_at<std::uint16_t>(elf + 60);
    std::uint64_t names_index = number_at<std::uint16_t>(elf + 62);
    if (table == 0) return found;  // an object without section headers
    if (header_size != section_header_size || table > bytes_.size())
        return fault("its section headers do not add up");
    // Numbers that 16 bits do not hold are in the first header.
    const unsigned char* const first = bytes_.at(table, section_header_size);
    if (first == nullptr) return fault("its section headers are cut off");
    if (count == 0) count = number_at<std::uint64_t>(first + 32);
    if (names_index == 0xffff) names_index = number_at<std::uint32_t>(first + 40);
    if (count > most_sections || count > (bytes_.size() - table) / section_header_size ||
        names_index >= count)
        return fault("its section headers do not add up");
    const std::optional<Range> names = section(table, names_index);
    if (!names) return fault("its section names lie outside of it");
    for (std::uint64_t i = 0; i < count; ++i) {
        if (auto done = sort_in(found, table, i, *names); !done)
            return tl::make_unexpected(std::move(done).error());
    }
    return found;
}

Result<void> Reader::read_section(Range section) {
    while (section.size >= fatbin_header_size) {
        const unsigned char* const header = bytes_.at(section.begin, fatbin_header_size);
        if (header == nullptr) return fault("it cannot be read to its end");
        std::uint64_t step = fatbin_alignment;  // between fatbins are zeros
        if (number_at<std::uint32_t>(header) == fatbin_magic) {
            const auto size = read_fatbin(section);
            if (!size) return tl::make_unexpected(size.error());
            step =
                std::min(section.size, (*size + fatbin_alignment - 1) / fatbin_alignment * fatbin_alignment);
        } else if (number_at<std::uint64_t>(header) != 0) {
            return fault("something in .nv_fatbin is no fatbin");
        }
        section.begin += step;
        section.size -= step;
    }
    return {};
}

void Reader::search(Range data) {
    constexpr std::uint64_t block = 4096;
    const std::uint64_t odd = data.begin % fatbin_alignment;
    std::uint64_t at = odd == 0 ? data.begin : data.begin + fatbin_alignment - odd;
    const std::uint64_t end = data.begin + data.size;
    while (at < end && end - at >= fatbin_header_size) {
        const std::uint64_t count = std::min(block, end - at);
        const unsigned char* const bytes = bytes_.at(at, count);
        if (bytes == nullptr) return;
        std::uint64_t i = 0;
        while (i + fatbin_alignment <= count && number_at<std::uint32_t>(bytes + i) != fatbin_magic)
            i += fatbin_alignment;
        at += i;
        if (i + fatbin_alignment > count) {
            if (i == 0) return;
            continue;
        }
        // Other data may begin with the same four bytes: what does not add up is no fatbin.
        const std::set<GpuArchitecture> before = architectures_;
        const auto size = read_fatbin({at, end - at});
        if (!size) architectures_ = before;
        at += size ? (*size + fatbin_alignment - 1) / fatbin_alignment * fatbin_alignment : fatbin_alignment;
    }
}

Result<std::uint64_t> Reader::read_fatbin(Range room) {
    const unsigned char* const header = bytes_.at(room.begin, fatbin_header_size);
    if (header == nullptr || room.size < fatbin_header_size) return fault("a fatbin is cut off");
    const std::uint64_t skip = number_at<std::uint16_t>(header + 6);
    const auto size = number_at<std::uint64_t>(header + 8);
    if (number_at<std::uint16_t>(header + 4) != 1) return fault("a fatbin is of an unknown version");
    if (skip < fatbin_header_size || skip > room.size || size > room.size - skip)
        return fault("a fatbin does not end in its section");
    if (auto done = read_entries({room.begin + skip, size}); !done)
        return tl::make_unexpected(std::move(done).error());
    ++fatbins_;
    return skip + size;
}

Result<void> Reader::read_entries(Range entries) {
    constexpr std::uint64_t least = 48;  // up to and with the flags
    while (entries.size >= least) {
        const unsigned char* const header = bytes_.at(entries.begin, least);
        if (header == nullptr) return fault("it cannot be read to its end");
        const std::uint64_t skip = number_at<std::uint32_t>(header + 4);
        const auto size = number_at<std::uint64_t>(header + 8);
        if (skip < least || skip > entries.size || size > entries.size - skip)
            return fault("an entry does not end in its fatbin");
        if (auto done = read_entry(header); !done) return done;
        entries.begin += skip + size;
        entries.size -= skip + size;
    }
    return {};
}

Result<void> Reader::read_entry(const unsigned char* header) {
    constexpr std::uint64_t this_very = 1U << 20U;
    constexpr std::uint64_t family = 1U << 21U;
    const auto kind = number_at<std::uint16_t>(header);
    if (kind != 1 && kind != 2) return {};  // intermediate code for a linker
    GpuArchitecture found;
    found.kind = kind == 1 ? GpuArchitecture::Kind::ptx : GpuArchitecture::Kind::cubin;
    found.number = number_at<std::uint32_t>(header + 28);
    if (found.number < 10 || found.number > 9999) return fault("an entry names no architecture");
    const auto flags = number_at<std::uint64_t>(header + 40);
    found.variant = (flags & this_very) != 0 ? 'a' : (flags & family) != 0 ? 'f' : '\0';
    if (kind == 1) {
        found.isa_major = number_at<std::uint16_t>(header + 26);
        found.isa_minor = number_at<std::uint16_t>(header + 24);
    }
    architectures_.insert(found);
    if (architectures_.size() > most_architectures) return fault("it names too many architectures");
    return {};
}

Result<GpuCode> Reader::read() {
    const auto sections = find_sections();
    if (!sections) return tl::make_unexpected(sections.error());
    for (const Range& section : sections->fatbins) {
        if (auto done = read_section(section); !done) return tl::make_unexpected(std::move(done).error());
    }
    if (!sections->fatbins.empty()) {
        for (const Range& data : sections->data) search(data);
    }
    return GpuCode{{architectures_.begin(), architectures_.end()}, fatbins_};
}

GpuCode Reader::search_all() {
    search({0, bytes_.size()});
    return GpuCode{{architectures_.begin(), architectures_.end()}, fatbins_};
}

}  // namespace

bool is_shared_object(std::string_view path) {
    const std::size_t at = path.find(".so", path.rfind('/') + 1);
    return at != std::string_view::npos && (at + 3 == path.size() || path[at + 3] == '.');
}

Result<GpuCode> read_gpu_code(const std::filesystem::path& file) {
    return read_gpu_code_below(AT_FDCWD, file.string());
}

Result<GpuCode> read_gpu_code_below(int folder, const std::string& name) {
    auto bytes = FileBytes::open(folder, name);
    if (!bytes) return tl::make_unexpected(std::move(bytes).error());
    const std::filesystem::path path = name;
    return Reader(*bytes, path).read();
}

Result<GpuCode> read_gpu_code_of(std::string_view object, const std::string& what) {
    MemoryBytes bytes(object);
    const std::filesystem::path path = what;
    return Reader(bytes, path).read();
}

GpuCode read_gpu_code_of_beginning(std::string_view bytes) {
    MemoryBytes all(bytes);
    const std::filesystem::path none;
    return Reader(all, none).search_all();
}

}  // namespace aimlock
