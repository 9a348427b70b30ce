/** Names of people, by where they are from. `田中|Tanaka`: as it is shown, and as a username may write it. */
export const NAMES = {
  english: {
    first: 'Maya Grace Owen Tessa Callum Ruby Felix Nora Jasper Imogen Theo Hazel Rory Beth Miles Ada Idris Willow',
    last: 'Whitlock Ashworth Pembroke Calder Hollis Marlow Fenwick Thorne Bexley Ramsay Lockhart Quill Ellery Sutton Hale Penrose',
  },
  german: {
    first: 'Lena Jonas Frieda Moritz Greta Anton Klara Emil Johanna Matthias Änne Jürgen Sophie Till Wiebke Kai',
    last: 'Brandt Vogel Köhler Lindner Seidel Hartmann Böttcher Krämer Winkler Ostermann Groß Petersen Zimmer Adler Hübner',
  },
  spanish: {
    first: 'Lucía Mateo Carmen Joaquín Inés Rafael Paloma Diego Marisol Álvaro Ximena Tomás Elena Andrés Noemí',
    last: 'Serrano Vidal Ibáñez Castro Muñoz Herrera Salazar Paredes Rivas Quiroga Montoya Benítez Lozano Ferrer',
  },
  french: {
    first: 'Camille Étienne Margaux Luc Solène Baptiste Agathe Rémi Inès Noé Clémence Bastien Zoé Théo Maëlle',
    last: 'Moreau Lefèvre Garnier Chevalier Rousseau Blanchet Fournier Delmas Perrin Marchand Aubert Besson Vasseur',
  },
  polish: {
    first: 'Agnieszka Tomasz Zofia Kuba Małgorzata Piotr Hanna Łukasz Ewa Marek Jagoda Wojtek Kasia Szymon',
    last: 'Zieliński|Zielinski Nowak Wójcik Mazur Kaczmarek Wrona Dudek Sikora Malec Bąk|Bak Jankowiak Gajda Pawlak',
  },
  nordic: {
    first: 'Ingrid Søren Astrid Lars Freja Mikkel Sigrid Einar Liv Oskar Tuva Anders Saga Henrik Aino Eero',
    last: 'Lindqvist Halvorsen Bergström Dahl Nygaard Ekström Sørensen Holm Virtanen Solberg Aalto Rask Thorsen',
  },
  japanese: {
    first: '由紀|Yuki 健太|Kenta 美咲|Misaki 春樹|Haruki 葵|Aoi 直子|Naoko 拓海|Takumi さくら|Sakura 涼|Ryo 恵|Megumi',
    last: '田中|Tanaka 小林|Kobayashi 森|Mori 石井|Ishii 藤田|Fujita 中村|Nakamura 清水|Shimizu 林|Hayashi 大野|Ono',
  },
  russian: {
    first:
      'Юлия|Yulia Наталья|Natalia Вера|Vera Ольга|Olga Дарья|Daria Анна|Anna Ксения|Ksenia Марина|Marina Ирина|Irina',
    last: 'Соколова|Sokolova Орлова|Orlova Белова|Belova Лебедева|Lebedeva Зимина|Zimina Морозова|Morozova Ланская|Lanskaya',
  },
  arabic: {
    first: 'Layla Omar سلمى|Salma Yusuf ليلى|Laila Nadia Karim مريم|Maryam Tariq Hala زياد|Ziad Rania Sami',
    last: 'Haddad Khoury منصور|Mansour Nasser Farah Salim حداد|Haddad Darwish Aziz Mansouri صبّاغ|Sabbagh Rahal',
  },
  hindi: {
    first: 'Priya Anjali Kavita Meera Neha Sunita दीपा|Deepa Radhika Ananya मीरा|Mira Shreya Pooja Ishani Lata',
    last: 'Sharma Iyer Kulkarni Banerjee वर्मा|Verma Nair Desai Mehta Chatterjee Joshi Rao Menon Bhatt Pillai',
  },
  korean: {
    first: 'Jiwoo Minseo 서연|Seoyeon Hyun Dayoung 지훈|Jihoon Yuna Taemin 하은|Haeun Sora Junho Eunji',
    last: 'Kim Park Choi Kang Yoon Lim Han 서|Seo Shin 문|Moon Bae Jung',
  },
  westAfrican: {
    first: 'Amara Kwame Ngozi Kofi Adaeze Tunde Efua Chidi Folake Sena Abena Emeka Zainab Kojo Ifeoma Yaw',
    last: 'Okafor Mensah Adeyemi Boateng Nwosu Owusu Balogun Asante Eze Danquah Okonkwo Quaye Abiola Sarpong',
  },
};
