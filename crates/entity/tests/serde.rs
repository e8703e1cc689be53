//! Containers are the same after they were written and read.
#![cfg(feature = "enable-serde")]

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use windlass_entity::packed_option::PackedOption;
use windlass_entity::{BoxedSlice, EntityList, EntityRef, EntitySet, ListPool, PrimaryMap, SecondaryMap, entity_impl};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct City(u32);
entity_impl!(City, "city");

fn again<T: Serialize + DeserializeOwned>(value: &T, text: &str) -> T {
    let written = serde_json::to_string(value).unwrap();
    assert_eq!(written, text);
    serde_json::from_str(&written).unwrap()
}

#[test]
fn containers_are_written_and_read() {
    let mut names = PrimaryMap::new();
    let (a, b): (City, City) = (names.push("Ulm".to_owned()), names.push("Bern".to_owned()));
    assert_eq!(again(&names, r#"["Ulm","Bern"]"#), names);
    let slice: BoxedSlice<City, String> = again(&names.into_boxed_slice(), r#"["Ulm","Bern"]"#);
    assert_eq!(slice[b], "Bern");

    let mut distances = SecondaryMap::with_default(3);
    distances[b] = 7;
    let read: SecondaryMap<City, i32> = again(&distances, r#"{"elems":[3,7],"default":3}"#);
    assert_eq!((read[a], read[b], read[City::new(9)]), (3, 7, 3));

    let mut set = EntitySet::new();
    set.insert(b);
    let read: EntitySet<City> = again(&set, r#"{"words":[2],"bound":2}"#);
    assert!(read.contains(b) && !read.contains(a));

    assert_eq!(again(&PackedOption::from(a), "0").expand(), Some(a));
    assert_eq!(again(&PackedOption::<City>::default(), &u32::MAX.to_string()).expand(), None);
}

#[test]
fn lists_are_written_and_read_with_their_pool() {
    let mut pool = ListPool::new();
    let list: EntityList<City> = EntityList::from_slice(&[City(5), City(6)], &mut pool);
    let text = serde_json::to_string(&(list, &pool)).unwrap();
    let (list, pool): (EntityList<City>, ListPool<City>) = serde_json::from_str(&text).unwrap();
    assert_eq!(list.as_slice(&pool), [City(5), City(6)]);
}
