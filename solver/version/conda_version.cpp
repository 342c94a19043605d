#include "solver/version/conda_version.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "solver/version/ascii.hpp"
#include "solver/version/sort_key.hpp"

// The key of a version: the epoch's number, then each component's atoms and `end`, then `end`; the same for
// the local part. Missing atoms and components count as 0, so zeros at the end are left out and `end` sorts
// where 0 does: above letters, below numbers. A zero that something follows sorts beside `end` by what
// follows: zero_then_less before a letter, zero_then_more before `post` or a positive component. Letters are
// written as they are, with `end_of_letters`; `dev` as `D`, between `*` and `_`.
//   1.0    ->  0 · 1 end end · end         1.0a  ->  0 · 1 end zero_then_less a end_of_letters end · end
//   1.0.2  ->  0 · 1 end zero_then_more end 2 end · end
namespace aimlock {
namespace {

constexpr char end_of_letters = '\x01';
constexpr char zero_then_less = '\x80';
constexpr char end = '\x81';
constexpr char zero_then_more = '\x82';
constexpr char post_byte = '\xFF';

using Kind = CondaVersion::Atom::Kind;

struct AtomView {
    Kind kind = Kind::number;
    std::string_view text;  ///< a number without leading zeros, or letters in either case
};

/// The atoms of one component, the 0 before a leading letter included.
class Atoms {
public:
    explicit Atoms(std::string_view component)
        : rest_(component), zero_first_(!is_digit(component.front())) {}

    std::optional<AtomView> next() {
        if (std::exchange(zero_first_, false)) return AtomView{};
        if (rest_.empty()) return std::nullopt;
        const auto run = [this](auto belongs) {
            std::size_t size = 0;
            while (size < rest_.size() && belongs(rest_[size])) ++size;
            const std::string_view text = rest_.substr(0, size);
            rest_.remove_prefix(size);
            return text;
        };
        if (is_digit(rest_.front())) return AtomView{Kind::number, without_leading_zeros(run(is_digit))};
        if (rest_.front() == '*') return AtomView{Kind::star, run([](char c) { return c == '*'; })};
        const std::string_view letters = run([](char c) { return c != '*' && !is_digit(c); });
        if (equals_nocase(letters, "post")) return AtomView{Kind::post, letters};
        return AtomView{equals_nocase(letters, "dev") ? Kind::dev : Kind::letters, letters};
    }

private:
    std::string_view rest_;
    bool zero_first_;
};

/// The components of a version or local part, split at dots, underscores and dashes. An underscore at the
/// very end of a version belongs to the last component (`1.0.1_`, the way out that openssl took).
class Components {
public:
    Components(std::string_view part, bool keeps_last_underscore) : rest_(part), more_(!part.empty()) {
        keeps_last_ = keeps_last_underscore && !part.empty() && (part.back() == '_' || part.back() == '-');
    }

    std::optional<std::string_view> next() {
        if (!std::exchange(more_, false)) return std::nullopt;
        const std::string_view searched = keeps_last_ ? rest_.substr(0, rest_.size() - 1) : rest_;
        const std::size_t size = searched.find_first_of("._-");
        if (size == std::string_view::npos) return rest_;
        const std::string_view component = rest_.substr(0, size);
        rest_.remove_prefix(size + 1);
        more_ = true;
        return component;
    }

private:
    std::string_view rest_;
    bool more_;
    bool keeps_last_;
};

struct Parts {
    std::string_view epoch;
    std::string_view version;
    std::string_view local;
    bool has_local = false;
};

Parts parts_of(std::string_view text) {
    Parts parts;
    if (const std::size_t mark = text.find('!'); mark != std::string_view::npos) {
        parts.epoch = without_leading_zeros(text.substr(0, mark));
        text.remove_prefix(mark + 1);
    }
    const std::size_t plus = text.find('+');
    parts.version = text.substr(0, plus);
    parts.has_local = plus != std::string_view::npos;
    if (parts.has_local) parts.local = text.substr(plus + 1);
    return parts;
}

void append_letters(std::string& key, std::string_view letters) {
    // A dash stands for an underscore.
    for (const char c : letters) key += c == '-' ? '_' : to_lower(c);
    key += end_of_letters;
}

/// Appends the atoms of a component up to its last that is not 0; nothing for a component that is 0.
void append_atoms(std::string& key, std::string_view component) {
    Atoms atoms(component);
    bool zero_before = false;
    while (const std::optional<AtomView> atom = atoms.next()) {
        if (atom->kind == Kind::number && atom->text.empty()) {
            zero_before = true;
            continue;
        }
        if (std::exchange(zero_before, false))
            key += atom->kind == Kind::post ? zero_then_more : zero_then_less;
        switch (atom->kind) {
            case Kind::number:
                append_key_number(key, atom->text);
                break;
            case Kind::post:
                key += post_byte;
                break;
            case Kind::dev:
                append_letters(key += 'D', {});
                break;
            case Kind::star:
            case Kind::letters:
                append_letters(key, atom->text);
                break;
        }
    }
}

/// Appends the key of a version or local part; false where a component is empty.
bool append_part(std::string& key, std::string_view part, bool keeps_last_underscore) {
    Components components(part, keeps_last_underscore);
    std::size_t zeros = 0;  // components that are 0 and wait for what follows
    while (const std::optional<std::string_view> component = components.next()) {
        if (component->empty()) return false;
        const std::size_t begin = key.size();
        append_atoms(key, *component);
        if (key.size() == begin) {
            ++zeros;
            continue;
        }
        if (zeros != 0) {
            const bool less = key[begin] == zero_then_less;
            std::string before;
            for (; zeros != 0; --zeros)
                before.append(1, less ? zero_then_less : zero_then_more).append(1, end);
            key.insert(begin, before);
        }
        key += end;
    }
    key += end;
    return true;
}

bool is_plain(std::string_view text) {
    bool at_begin = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool leading_zero = at_begin && text[i] == '0' && i + 1 < text.size() && text[i + 1] != '.';
        if (leading_zero || (text[i] != '.' && !is_digit(text[i]))) return false;
        at_begin = text[i] == '.';
    }
    return true;
}

/// What is wrong with a version, or an empty text.
std::string fault_of(std::string_view text) {
    if (text.empty()) return "an empty version";
    const bool dashes =
        text.find('_') == std::string_view::npos;  // a dash is an underscore where there are none
    for (const char c : text) {
        const bool known =
            is_alnum(c) || c == '.' || c == '_' || c == '*' || c == '+' || c == '!' || (c == '-' && dashes);
        if (!known) return "a character that no conda version may hold";
    }
    const std::size_t epoch = text.find('!');
    if (epoch != std::string_view::npos) {
        const std::string_view digits = text.substr(0, epoch);
        if (text.find('!', epoch + 1) != std::string_view::npos) return "two epochs";
        if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return "an epoch that is no number";
    }
    if (std::ranges::count(text, '+') > 1) return "two local parts";
    return {};
}

bool equal_atoms(const std::optional<AtomView>& a, const std::optional<AtomView>& b) {
    const AtomView left = a.value_or(AtomView{});
    const AtomView right = b.value_or(AtomView{});
    if (left.kind != right.kind) return false;
    return std::ranges::equal(
        left.text, right.text, {}, [](char c) { return to_lower(c); }, [](char c) { return to_lower(c); });
}

bool equal_components(std::string_view a, std::string_view b) {
    Atoms left(a);
    Atoms right(b);
    while (true) {
        const auto x = left.next();
        const auto y = right.next();
        if (!x && !y) return true;
        if (!equal_atoms(x, y)) return false;
    }
}

/// The last component of a prefix: its last atom may go on where it is letters.
bool begins_component(std::string_view component, std::string_view prefix) {
    Atoms ours(component);
    Atoms theirs(prefix);
    std::optional<AtomView> wanted = theirs.next();
    while (true) {
        const std::optional<AtomView> ahead = theirs.next();
        const std::optional<AtomView> have = ours.next();
        if (!ahead && (wanted->kind == Kind::letters || wanted->kind == Kind::star)) {
            return have && have->kind == wanted->kind &&
                   starts_with_nocase(have->text, to_lower(wanted->text));
        }
        if (!equal_atoms(have, wanted)) return false;
        if (!ahead) return true;
        wanted = ahead;
    }
}

bool begins_part(std::string_view part, std::string_view prefix, bool keeps_last_underscore) {
    Components ours(part, keeps_last_underscore);
    Components theirs(prefix, keeps_last_underscore);
    std::optional<std::string_view> wanted = theirs.next();
    while (wanted) {
        const std::optional<std::string_view> ahead = theirs.next();
        const std::string_view have = ours.next().value_or("0");
        if (!ahead) return begins_component(have, *wanted);
        if (!equal_components(have, *wanted)) return false;
        wanted = ahead;
    }
    return true;
}

std::vector<CondaVersion::Component> components_of(std::string_view part, bool keeps_last_underscore) {
    std::vector<CondaVersion::Component> all;
    Components components(part, keeps_last_underscore);
    while (const auto component = components.next()) {
        CondaVersion::Component& atoms_of = all.emplace_back();
        Atoms atoms(*component);
        while (const auto atom = atoms.next()) {
            std::string text = to_lower(atom->text);
            std::ranges::replace(text, '-', '_');
            atoms_of.push_back({atom->kind, std::move(text)});
        }
    }
    return all;
}

}  // namespace

Result<CondaVersion> CondaVersion::parse(std::string_view text) {
    text = strip(text);
    std::string fault = fault_of(text);
    CondaVersion version{Unread{}};
    if (fault.empty()) {
        const Parts parts = parts_of(text);
        append_key_number(version.key_, parts.epoch);
        if (parts.version.empty()) {
            fault = "no version, only an epoch or a local part";
        } else if ((parts.has_local && parts.local.empty()) ||
                   !append_part(version.key_, parts.version, true) ||
                   !append_part(version.key_, parts.local, false)) {
            fault = "an empty component";
        }
    }
    if (!fault.empty())
        return fail(ErrorCode::syntax, "`" + std::string(text) + "` is not a conda version: " + fault);
    version.text_ = text;
    version.plain_ = is_plain(text);
    return version;
}

std::string CondaVersion::normalized_text() const {
    std::string normal = to_lower(text_);
    std::ranges::replace(normal, '-', '_');
    return normal;
}

bool CondaVersion::starts_with(const CondaVersion& prefix) const {
    if (plain_ && prefix.plain_ && text_.size() >= prefix.text_.size()) {
        return text_.starts_with(prefix.text_) &&
               (text_.size() == prefix.text_.size() || text_[prefix.text_.size()] == '.');
    }
    const Parts ours = parts_of(text_);
    const Parts theirs = parts_of(prefix.text_);
    if (ours.epoch != theirs.epoch) return false;
    if (!theirs.has_local) return begins_part(ours.version, theirs.version, true);
    std::string our_key;
    std::string their_key;
    append_part(our_key, ours.version, true);
    append_part(their_key, theirs.version, true);
    return our_key == their_key && begins_part(ours.local, theirs.local, false);
}

CondaVersion CondaVersion::without_last_component() const {
    const std::size_t dot = text_.rfind('.');
    if (dot == std::string::npos) return *this;
    auto shorter = parse(std::string_view(text_).substr(0, dot));
    return shorter ? *std::move(shorter) : *this;
}

std::vector<CondaVersion::Component> CondaVersion::components() const {
    const Parts parts = parts_of(text_);
    std::vector<Component> all{{Atom{Atom::Kind::number, std::string(parts.epoch)}}};
    std::ranges::move(components_of(parts.version, true), std::back_inserter(all));
    return all;
}

std::vector<CondaVersion::Component> CondaVersion::local() const {
    return components_of(parts_of(text_).local, false);
}

}  // namespace aimlock
