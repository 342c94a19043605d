#include "tests/property/world.hpp"

#include <algorithm>
#include <tuple>

#include <gtest/gtest.h>

namespace aimlock::testing {
namespace {

using Op = Bound::Op;

bool fits(Op op, std::strong_ordering order) {
    switch (op) {
        case Op::at_least:
            return order >= 0;
        case Op::below:
            return order < 0;
        case Op::equal:
            return order == 0;
        case Op::not_equal:
            return order != 0;
        case Op::above:
            return order > 0;
        case Op::at_most:
            return order <= 0;
        case Op::series:
            break;
    }
    return false;
}

PlainVersion without_local(PlainVersion version) {
    version.cuda = 0;
    return version;
}

std::string sign(Op op) {
    switch (op) {
        case Op::at_least:
            return ">=";
        case Op::below:
            return "<";
        case Op::not_equal:
            return "!=";
        case Op::above:
            return ">";
        case Op::at_most:
            return "<=";
        case Op::equal:
        case Op::series:
            break;
    }
    return "==";
}

std::string series_text(const PlainVersion& version) {
    return (version.patch >= 0 ? "3." : "") + std::to_string(version.major) + ".*";
}

// A bound on Python's minor: ">=3.13" and not ">=3.13.0".
std::string bound_version(const PlainVersion& version) {
    return version.patch >= 0 ? "3." + std::to_string(version.major) : version.text();
}

}  // namespace

std::string PlainVersion::text() const {
    if (patch >= 0) return "3." + std::to_string(major) + "." + std::to_string(patch);
    std::string written = std::to_string(major) + ".0";
    if (prerelease) written += "rc1";
    if (odd) written += "h";
    if (cuda != 0) written += "+cu" + std::to_string(cuda);
    return written;
}

std::strong_ordering pypi_order(const PlainVersion& a, const PlainVersion& b) {
    return std::tuple(a.major, !a.prerelease, a.patch, a.cuda) <=>
           std::tuple(b.major, !b.prerelease, b.patch, b.cuda);
}

std::strong_ordering conda_order(const PlainVersion& a, const PlainVersion& b) {
    // Letters in a component sort below its absence, and among themselves by the alphabet: h, rc, none.
    const auto letters = [](const PlainVersion& v) { return v.odd ? 0 : v.prerelease ? 1 : 2; };
    return std::tuple(a.major, letters(a), a.patch) <=> std::tuple(b.major, letters(b), b.patch);
}

bool Bound::admits_pypi(const PlainVersion& candidate) const {
    if (op == Op::series) return candidate.major == version.major;
    const PlainVersion whole = without_local(candidate);
    if (op == Op::equal || op == Op::not_equal) {
        const bool same = (version.cuda != 0 ? candidate : whole) == version;
        return same == (op == Op::equal);
    }
    // A local version is of the version that it is made from, and a pre-release comes before what it leads
    // to.
    if (op == Op::above && whole == version) return false;
    if (op == Op::below && candidate.prerelease && !version.prerelease && candidate.major == version.major)
        return false;
    return fits(op, pypi_order(op == Op::at_most ? whole : candidate, version));
}

bool Bound::admits_conda(const PlainVersion& candidate) const {
    return op == Op::series ? candidate.major == version.major : fits(op, conda_order(candidate, version));
}

bool Bound::names_prerelease() const {
    return version.prerelease && op != Op::not_equal && op != Op::series;
}

bool PlainMarker::holds(const PlainVersion& python, const std::string& extra) const {
    const auto one = [&](const Condition& condition) {
        using Kind = Condition::Kind;
        switch (condition.kind) {
            case Kind::python_below:
                return python.major < condition.minor;
            case Kind::python_from:
                return python.major >= condition.minor;
            case Kind::full_below:
                return std::tuple(python.major, python.patch) < std::tuple(condition.minor, 3);
            case Kind::linux:
                return true;
            case Kind::windows:
                return false;
            case Kind::extra:
                return condition.extra == extra;
        }
        return false;
    };
    if (conditions.empty()) return true;
    return either ? std::ranges::any_of(conditions, one) : std::ranges::all_of(conditions, one);
}

std::string PlainMarker::text() const {
    std::string joined;
    for (const Condition& condition : conditions) {
        using Kind = Condition::Kind;
        if (!joined.empty()) joined += either ? " or " : " and ";
        const std::string minor = "'3." + std::to_string(condition.minor);
        switch (condition.kind) {
            case Kind::python_below:
                joined += "python_version < " + minor + "'";
                break;
            case Kind::python_from:
                joined += "python_version >= " + minor + "'";
                break;
            case Kind::full_below:
                joined += "python_full_version < " + minor + ".3'";
                break;
            case Kind::linux:
                joined += "sys_platform == 'linux'";
                break;
            case Kind::windows:
                joined += "platform_system == 'Windows'";
                break;
            case Kind::extra:
                joined += "extra == '" + condition.extra + "'";
                break;
        }
    }
    return joined;
}

bool PypiNeed::admits(const PlainVersion& version) const {
    return std::ranges::all_of(bounds, [&](const Bound& bound) { return bound.admits_pypi(version); });
}

bool PypiNeed::names_prerelease() const {
    return std::ranges::any_of(bounds, &Bound::names_prerelease);
}

bool PypiNeed::pins() const {
    return std::ranges::any_of(bounds, [](const Bound& bound) { return bound.op == Op::equal; });
}

std::string PypiNeed::text() const {
    std::string written = name;
    for (std::size_t i = 0; i < extras.size(); ++i) written += (i == 0 ? "[" : ",") + extras[i];
    if (!extras.empty()) written += "]";
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        written += (i == 0 ? " " : ",") + sign(bounds[i].op);
        written += bounds[i].op == Op::series ? series_text(bounds[i].version) : bounds[i].version.text();
    }
    if (!marker.conditions.empty()) written += " ; " + marker.text();
    return written;
}

std::string CondaNeed::text() const {
    std::string written = (channel.empty() ? "" : channel + "::") + name;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        written += i == 0 ? " " : ",";
        if (bounds[i].op == Op::series) {
            written += series_text(bounds[i].version);
        } else {
            written += sign(bounds[i].op) + bound_version(bounds[i].version);
        }
    }
    if (!build_end.empty()) written += (bounds.empty() ? " * *" : " *") + build_end;
    return written;
}

bool PlainTag::fits(const PlainVersion& python, bool free_threaded) const {
    switch (kind) {
        case Kind::any:
            return true;
        case Kind::minor:
            return python.major == minor && !free_threaded;
        case Kind::free_threaded:
            return python.major == minor && free_threaded;
        case Kind::abi3:
            return python.major >= minor && !free_threaded;
        case Kind::windows:
        case Kind::newer_glibc:
            break;
    }
    return false;
}

std::optional<std::size_t> PlainRelease::wheel_for(const PlainVersion& minor, bool free_threaded) const {
    // The nearer to this very Python the better: its own ABI, the stable ABI of the newest Python, any.
    const auto nearness = [&](const PlainTag& tag) {
        using Kind = PlainTag::Kind;
        return std::tuple(tag.kind == Kind::minor || tag.kind == Kind::free_threaded,
                          tag.kind == Kind::abi3 ? tag.minor : 0);
    };
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < tags.size(); ++i) {
        if (!tags[i].fits(minor, free_threaded)) continue;
        if (!best || nearness(tags[i]) > nearness(tags[*best])) best = i;
    }
    return best;
}

std::string PlainTag::text() const {
    const std::string python = "cp3" + std::to_string(minor);
    switch (kind) {
        case Kind::any:
            break;
        case Kind::minor:
            return python + "-" + python + "-manylinux_2_17_x86_64";
        case Kind::free_threaded:
            return python + "-" + python + "t-manylinux_2_17_x86_64";
        case Kind::abi3:
            return python + "-abi3-manylinux_2_17_x86_64";
        case Kind::windows:
            return python + "-" + python + "-win_amd64";
        case Kind::newer_glibc:
            return "py3-none-manylinux_2_40_x86_64";
    }
    return "py3-none-any";
}

bool is_free_threaded(const PlainRecord& python) {
    return python.build.ends_with("t");
}

}  // namespace aimlock::testing
