#include "fetch/pypi/wheel_code.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <tuple>

#include <fmt/format.h>
#include <zlib.h>

#include "fetch/archive/mapped_file.hpp"
#include "fetch/content_range.hpp"
#include "fetch/gpu_code.hpp"
#include "fetch/packing.hpp"
#include "fetch/pypi/remote_zip.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

constexpr const char* code_form = "wheel code 1";
constexpr std::uint64_t tail_size = 64U << 10U;
constexpr std::uint64_t most_directory = 16U << 20U;
constexpr std::uint64_t most_of_wheel = 32U << 20U;
constexpr std::uint64_t most_of_object = 12U << 20U;
constexpr std::uint64_t first_piece = 1U << 20U;
constexpr std::size_t most_inflated = 64U << 20U;
constexpr std::uint64_t telling_fatbins = 4;  // several translation units that agree are all of a library
constexpr unsigned most_requests = 24;

std::string_view file_of(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

// Somebody else's library that lies in the wheel: what it has code for is not what the wheel has.
bool is_bundled(std::string_view path) {
    const std::string_view file = file_of(path);
    constexpr std::array<std::string_view, 16> owners{
        "libcu",       "libnv",       "libnccl", "libstdc++", "libgomp", "libiomp", "libmkl",  "libopenblas",
        "libgfortran", "libquadmath", "libgcc",  "libcrypto", "libssl",  "libz",    "libjpeg", "libav"};
    return std::ranges::any_of(owners, [&](std::string_view owner) { return file.starts_with(owner); });
}

bool sounds_like_kernels(std::string_view path) {
    constexpr std::array<std::string_view, 6> words{"cuda", "gpu", "_C.", "kernel", "ops", "_cu1"};
    return std::ranges::any_of(words, [&](std::string_view word) { return path.find(word) != path.npos; });
}

// The libraries whose soname counts CUDA's majors.
constexpr std::array<std::string_view, 4> telling{"libcudart", "libcublas", "libcublasLt", "libnvrtc"};

/// 12 of "12", "12.4.127": two digits, then an end.
std::optional<unsigned> soname_major(std::string_view text) {
    if (text.size() < 2 || text[0] != '1' || text[1] < '0' || text[1] > '9') return std::nullopt;
    if (text.size() > 2 && text[2] >= '0' && text[2] <= '9') return std::nullopt;
    return 10U + static_cast<unsigned>(text[1] - '0');
}

/// Of what an object names: its DT_NEEDED entries and the names that it loads later.
void add_named_majors(std::string_view bytes, std::set<unsigned>& majors) {
    for (const std::string_view library : telling) {
        const std::string name = std::string(library) + ".so.";
        for (std::size_t at = bytes.find(name); at != bytes.npos; at = bytes.find(name, at + 1)) {
            if (const auto major = soname_major(bytes.substr(at + name.size(), 3))) majors.insert(*major);
        }
    }
}

/// Of a library that lies in the wheel: libcudart-3e4b1a.so.12.4.127.
void add_bundled_major(std::string_view path, std::set<unsigned>& majors) {
    const std::string_view file = file_of(path);
    const bool tells = std::ranges::any_of(telling, [&](std::string_view name) {
        return file.starts_with(name) && (file[name.size()] == '.' || file[name.size()] == '-');
    });
    const std::size_t at = file.find(".so.");
    if (!tells || at == file.npos) return;
    if (const auto major = soname_major(file.substr(at + 4))) majors.insert(*major);
}

/// A wheel as bytes at offsets, on disk or on a server.
class WheelBytes {
public:
    WheelBytes(FetchSession& session, const WheelFile& wheel)
        : session_(session), wheel_(wheel), what_(shown_url(wheel.url)) {}

    [[nodiscard]] const std::string& what() const { return what_; }
    [[nodiscard]] bool exhausted() const { return requests_ >= most_requests || left() == 0; }
    [[nodiscard]] std::uint64_t left() const { return most_of_wheel - std::min(most_of_wheel, read_); }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// The last bytes; `size` is known afterwards.
    Result<std::string> tail() {
        if (is_file_url(wheel_.url)) {
            auto mapped = MappedFile::open(path_of_file_url(wheel_.url));
            if (!mapped) return tl::make_unexpected(std::move(mapped.error()));
            mapped_ = std::make_unique<MappedFile>(std::move(*mapped));
            size_ = mapped_->bytes().size();
            return std::string(mapped_->bytes().substr(size_ - std::min(size_, tail_size)));
        }
        return ask(fmt::format("-{}", tail_size), tail_size);
    }
    /// Bytes [begin, end), and no others.
    Result<std::string> range(std::uint64_t begin, std::uint64_t end) {
        read_ += end - begin;
        if (mapped_) return std::string(mapped_->bytes().substr(begin, end - begin));
        auto bytes = ask(fmt::format("{}-{}", begin, end - 1), end - begin);
        if (bytes && (begin_ != begin || bytes->size() != end - begin))
            return fail(ErrorCode::network, what_ + ": the server sent another part than it was asked for");
        return bytes;
    }

private:
    // What one mirror lacks or damages, the next may have.
    Result<std::string> ask(const std::string& range, std::uint64_t most) {
        Result<std::string> answer = fail(ErrorCode::network, what_ + ": nobody to ask");
        for (const std::string& url : session_.candidates(wheel_.url)) {
            ++requests_;
            HttpRequest request;
            request.url = url;
            request.range = range;
            request.body_cap = most;
            auto response = session_.transfer().get(std::move(request));
            if (!response) {
                answer = tl::make_unexpected(std::move(response.error()));
                continue;
            }
            const auto got = parse_content_range(response->content_range);
            if (response->status == 206 && got && response->body.size() == got->end - got->begin) {
                size_ = got->total;
                begin_ = got->begin;
                return std::move(response->body);
            }
            answer = fail(ErrorCode::network, fmt::format("{}: the server sends no parts of it (HTTP {})",
                                                          what_, response->status));
        }
        return answer;
    }

    FetchSession& session_;
    const WheelFile& wheel_;
    std::string what_;
    std::unique_ptr<MappedFile> mapped_;
    std::uint64_t size_ = 0;
    std::uint64_t begin_ = 0;  // of the last answer
    std::uint64_t read_ = 0;
    unsigned requests_ = 0;
};

/// A member that is inflated as its bytes arrive.
class Inflated {
public:
    explicit Inflated(unsigned method) : method_(method) {
        ready_ = method == 0 || (method == 8 && ::inflateInit2(&stream_, -MAX_WBITS) == Z_OK);
    }
    ~Inflated() {
        if (method_ == 8 && ready_) ::inflateEnd(&stream_);
    }
    Inflated(const Inflated&) = delete;
    Inflated& operator=(const Inflated&) = delete;

    /// False where the bytes are damaged, or more than is looked at.
    bool add(std::string_view piece) {
        if (!ready_ || bytes_.size() >= most_inflated) return false;
        if (method_ == 0) {
            bytes_ += piece.substr(0, most_inflated - bytes_.size());
            return true;
        }
        // zlib takes its input as non-const and does not write to it.
        stream_.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(piece.data()));
        stream_.avail_in = static_cast<::uInt>(piece.size());
        int status = Z_OK;
        while (status == Z_OK && stream_.avail_in != 0 && bytes_.size() < most_inflated) {
            const std::size_t before = bytes_.size();
            bytes_.resize(std::min(most_inflated, before + (std::size_t{4} << 20U)));
            stream_.next_out = reinterpret_cast<::Bytef*>(bytes_.data() + before);
            stream_.avail_out = static_cast<::uInt>(bytes_.size() - before);
            status = ::inflate(&stream_, Z_NO_FLUSH);
            bytes_.resize(bytes_.size() - stream_.avail_out);
        }
        return status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR;
    }
    [[nodiscard]] std::string_view bytes() const { return bytes_; }

private:
    ::z_stream stream_{};
    unsigned method_;
    bool ready_ = false;
    std::string bytes_;
};

class Reading {
public:
    Reading(FetchSession& session, const WheelFile& wheel) : bytes_(session, wheel) {}

    Result<WheelCode> read() {
        auto members = list_members();
        if (!members) return tl::make_unexpected(std::move(members.error()));
        std::vector<const ZipMember*> objects;
        for (const ZipMember& member : *members) {
            add_bundled_major(member.name, majors_);
            if (is_shared_object(member.name) && !is_bundled(member.name)) objects.push_back(&member);
        }
        std::ranges::sort(objects, {}, [](const ZipMember* object) {
            return std::tuple(!sounds_like_kernels(object->name), object->compressed, object->name);
        });
        bool whole = true;
        for (const ZipMember* object : objects) {
            if (bytes_.exhausted()) return result(false);
            const auto done = read_object(*object);
            if (!done) return tl::make_unexpected(done.error());
            whole = whole && *done;
        }
        return result(whole);
    }

private:
    WheelCode result(bool whole) const {
        return {{architectures_.begin(), architectures_.end()}, {majors_.begin(), majors_.end()}, whole};
    }

    Result<std::vector<ZipMember>> list_members() {
        auto tail = bytes_.tail();
        if (!tail) return tl::make_unexpected(std::move(tail.error()));
        const auto directory = find_zip_directory(*tail, bytes_.size(), bytes_.what());
        if (!directory) return tl::make_unexpected(directory.error());
        const ByteRange where = directory->range;
        if (where.size > most_directory)
            return fail(ErrorCode::integrity, bytes_.what() + ": its directory exceeds the limit of 16 MiB");
        const std::uint64_t tail_begin = bytes_.size() - tail->size();
        if (where.begin < tail_begin) {
            auto before = bytes_.range(where.begin, tail_begin);
            if (!before) return before.map([](auto&&) { return std::vector<ZipMember>{}; });
            tail->insert(0, *before);
        } else {
            tail->erase(0, static_cast<std::size_t>(where.begin - tail_begin));
        }
        directory_begin_ = where.begin;
        return list_zip_members(std::string_view(*tail).substr(0, static_cast<std::size_t>(where.size)),
                                *directory, bytes_.what());
    }

    /// False where nothing can be said of it: it is too big, and its beginning holds no GPU code.
    Result<bool> read_object(const ZipMember& object) {
        Inflated inflated(object.method);
        std::uint64_t begin = object.header_at;
        std::uint64_t left = object.compressed;
        std::uint64_t piece = first_piece;
        bool first = true;
        GpuCode code;
        while (true) {
            const std::uint64_t head = first ? 30 + object.name.size() + 256 : 0;
            const std::uint64_t end = std::min(begin + head + std::min(left, piece), directory_begin_);
            if (begin >= end) return fail(ErrorCode::integrity, bytes_.what() + ": a member lies outside");
            auto bytes = bytes_.range(begin, end);
            if (!bytes) return tl::make_unexpected(std::move(bytes.error()));
            std::string_view content = *bytes;
            if (first) {
                const auto before = zip_member_head(object, content);
                if (!before)
                    return fail(ErrorCode::integrity,
                                bytes_.what() + ": damaged wheel: a member is elsewhere");
                content.remove_prefix(*before);
            }
            content =
                content.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(content.size(), left)));
            left -= content.size();
            begin = end;
            first = false;
            const bool sound = inflated.add(content);
            if (left == 0 && sound && inflated.bytes().size() == object.size)
                return take_whole(inflated.bytes());
            code = read_gpu_code_of_beginning(inflated.bytes());
            const std::uint64_t taken = object.compressed - left;
            const bool enough = taken >= most_of_object || bytes_.exhausted();
            if (code.fatbins >= telling_fatbins || enough || !sound || left == 0) break;
            piece = std::min({piece * 4, most_of_object - taken, bytes_.left()});
        }
        add_named_majors(inflated.bytes(), majors_);
        architectures_.insert(code.architectures.begin(), code.architectures.end());
        return code.fatbins > 0;
    }

    bool take_whole(std::string_view object) {
        add_named_majors(object, majors_);
        const auto code = read_gpu_code_of(object, bytes_.what());
        if (!code) return false;
        architectures_.insert(code->architectures.begin(), code->architectures.end());
        return true;
    }

    WheelBytes bytes_;
    std::uint64_t directory_begin_ = 0;
    std::set<GpuArchitecture> architectures_;
    std::set<unsigned> majors_;
};

std::string pack(const WheelCode& code) {
    Packer packer;
    packer.value(static_cast<std::uint32_t>(code.whole));
    packer.value(static_cast<std::uint32_t>(code.cuda_majors.size()));
    for (const unsigned major : code.cuda_majors) packer.value(major);
    for (const GpuArchitecture& one : code.architectures) {
        packer.value(static_cast<std::uint32_t>(one.kind));
        packer.value(static_cast<std::uint32_t>(one.variant));
        packer.value(one.number);
        packer.value(one.isa_major);
        packer.value(one.isa_minor);
    }
    return packer.take();
}

std::optional<WheelCode> unpack(std::string_view packed) {
    Unpacker in(packed);
    WheelCode code;
    code.whole = in.value<std::uint32_t>() != 0;
    for (auto count = in.value<std::uint32_t>(); count > 0 && in.good(); --count)
        code.cuda_majors.push_back(in.value<unsigned>());
    while (in.good() && in.left() != 0) {
        GpuArchitecture one;
        one.kind = in.value<std::uint32_t>() == 0 ? GpuArchitecture::Kind::cubin : GpuArchitecture::Kind::ptx;
        one.variant = static_cast<char>(in.value<std::uint32_t>());
        one.number = in.value<unsigned>();
        one.isa_major = in.value<unsigned>();
        one.isa_minor = in.value<unsigned>();
        code.architectures.push_back(one);
    }
    return in.good() ? std::optional(std::move(code)) : std::nullopt;
}

}  // namespace

Result<WheelCode> read_wheel_code(FetchSession& session, const WheelFile& wheel) {
    const std::string key =
        wheel.sha256.known() ? "code-of-sha256:" + wheel.sha256.hex() : "code-of:" + wheel.url;
    const auto cached = session.cache().find(key);
    if (cached && cached->coding == code_form) {
        if (auto code = unpack(cached->body)) return *std::move(code);
    }
    if (session.options().offline && !is_file_url(wheel.url)) {
        return fail(ErrorCode::offline_miss,
                    shown_url(wheel.url) + ": its libraries were not read, and --offline allows no request");
    }
    auto code = Reading(session, wheel).read();
    if (!code || is_file_url(wheel.url)) return code;
    const std::string packed = pack(*code);
    CachedDocument document;
    document.url = wheel.url;
    document.coding = code_form;
    document.body = packed;
    session.store(key, document);
    return code;
}

// A wheel is read piece by piece, so each has a thread that waits; more at a time would need more memory.
std::vector<Result<WheelCode>> read_wheel_codes(FetchSession& session, const std::vector<WheelFile>& wheels) {
    constexpr std::size_t most_at_once = 3;
    std::vector<Result<WheelCode>> codes(wheels.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < wheels.size(); i = next++) {
            codes[i] = wheels[i].kind == ArtifactKind::wheel
                           ? read_wheel_code(session, wheels[i])
                           : fail(ErrorCode::refused, "it is built from source when it is installed");
        }
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < std::min(most_at_once, wheels.size()); ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    return codes;
}

}  // namespace aimlock
